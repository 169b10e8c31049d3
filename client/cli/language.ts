export type Language = 'en' | 'zh'

/** POSIX: the first of LC_ALL, LC_MESSAGES and LANG that is set decides; anything but Chinese gets English. */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  return /^zh/i.test(env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '') ? 'zh' : 'en'
}
