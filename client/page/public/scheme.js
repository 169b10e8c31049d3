// Before the first paint: the remembered colours and language, so that nothing flashes. A file, since nothing may be inline.
;(function () {
  var root = document.documentElement
  var scheme = null
  var language = null
  try {
    scheme = localStorage.getItem('airlock.scheme')
    language = localStorage.getItem('airlock.language')
  } catch {
    // a browser that keeps nothing follows the system
  }
  if (scheme !== 'light' && scheme !== 'dark')
    scheme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  root.setAttribute('data-mantine-color-scheme', scheme)
  if (language !== 'en' && language !== 'zh') language = /^zh/i.test(navigator.language) ? 'zh' : 'en'
  root.lang = language === 'zh' ? 'zh-CN' : 'en'
})()
