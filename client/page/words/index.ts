/** The page's language: the browser's first, what somebody chose after that; remembered. */
import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import { recall, remember } from '../remember.ts'
import { en } from './en.ts'
import { zh } from './zh.ts'

export type Language = 'en' | 'zh'

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'page'
    resources: { page: typeof en }
  }
}

const chosen = recall('language')
const first: Language = chosen === 'en' || chosen === 'zh' ? chosen : /^zh/i.test(navigator.language) ? 'zh' : 'en'

void i18next.use(initReactI18next).init({
  lng: first,
  fallbackLng: 'en',
  ns: 'page',
  defaultNS: 'page',
  resources: { en: { page: en }, zh: { page: zh } },
  // React escapes
  interpolation: { escapeValue: false },
  initAsync: false,
})

export function language(): Language {
  return i18next.language === 'zh' ? 'zh' : 'en'
}

export async function speak(to: Language): Promise<void> {
  remember('language', to)
  document.documentElement.lang = to === 'zh' ? 'zh-CN' : 'en'
  await i18next.changeLanguage(to)
}

export { i18next }
