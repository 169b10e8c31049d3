/** Which page an address shows. Those that not everybody opens are loaded when they are. */
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Route, Switch } from 'wouter'
import { Quiet } from './frame/Quiet.tsx'
import { QueuePage } from './queue/QueuePage.tsx'
import { RequestPage } from './request/RequestPage.tsx'

const PodPage = lazy(() => import('./pod/PodPage.tsx').then(({ PodPage: page }) => ({ default: page })))

export function Pages() {
  const { t } = useTranslation()
  return (
    <Suspense fallback={<Quiet />}>
      <Switch>
        <Route path="/" component={QueuePage} />
        <Route path="/requests/:id">{({ id }) => <RequestPage key={id} id={Number(id)} />}</Route>
        <Route path="/pod" component={PodPage} />
        <Route>
          <p className="empty">{t('fault.notFound')}</p>
        </Route>
      </Switch>
    </Suspense>
  )
}
