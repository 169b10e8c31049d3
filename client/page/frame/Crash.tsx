import { Component, type ReactNode } from 'react'
import { i18next } from '../words/index.ts'

type Props = { readonly children: ReactNode }

/** What is shown when the page itself fails, in the place of a blank one. React knows such a boundary only as a class. */
export class Crash extends Component<Props, { readonly failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError(): { readonly failed: boolean } {
    return { failed: true }
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children
    return (
      <div className="failure" role="alert">
        <p>{i18next.t('fault.crash')}</p>
        <button type="button" className="act" onClick={() => window.location.reload()}>
          {i18next.t('fault.reload')}
        </button>
      </div>
    )
  }
}
