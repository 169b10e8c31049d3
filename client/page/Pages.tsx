/** Which page an address shows. Those that not everybody opens are loaded when they are. */
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Route, Switch, useLocation } from 'wouter'
import { Crash } from './frame/Crash.tsx'
import { Missing } from './frame/Missing.tsx'
import { Quiet } from './frame/Quiet.tsx'
import { QueuePage } from './queue/QueuePage.tsx'
import { RequestPage } from './request/RequestPage.tsx'

const PackagesPage = lazy(() =>
  import('./packages/PackagesPage.tsx').then(({ PackagesPage: page }) => ({ default: page })),
)
const PackagePage = lazy(() =>
  import('./packages/PackagePage.tsx').then(({ PackagePage: page }) => ({ default: page })),
)
const BuildPage = lazy(() => import('./build/BuildPage.tsx').then(({ BuildPage: page }) => ({ default: page })))
const PodPage = lazy(() => import('./pod/PodPage.tsx').then(({ PodPage: page }) => ({ default: page })))

export function Pages() {
  const { t } = useTranslation()
  const [location] = useLocation()
  return (
    <Crash key={location}>
      <Suspense fallback={<Quiet />}>
        <Switch>
          <Route path="/" component={QueuePage} />
          <Route path="/requests/:id">{({ id }) => <RequestPage key={id} id={Number(id)} />}</Route>
          <Route path="/packages" component={PackagesPage} />
          <Route path="/packages/:ecosystem/:name">
            {({ ecosystem, name }) => (
              <PackagePage key={`${ecosystem} ${name}`} ecosystem={ecosystem === 'apt' ? 'apt' : 'pip'} name={name} />
            )}
          </Route>
          <Route path="/builds/:id">{({ id }) => <BuildPage key={id} id={Number(id)} />}</Route>
          <Route path="/pod" component={PodPage} />
          <Route>
            <Missing what={t('fault.notFound')} href="/" instead={t('request.toQueue')} />
          </Route>
        </Switch>
      </Suspense>
    </Crash>
  )
}
