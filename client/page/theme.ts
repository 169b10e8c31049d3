/** Mantine, set for a dense page. Sizes and colours that are not its own are in page.css, so that no style is injected. */
import { ActionIcon, Button, createTheme, localStorageColorSchemeManager, Tooltip } from '@mantine/core'

export const schemes = localStorageColorSchemeManager({ key: 'airlock.scheme' })

export const theme = createTheme({
  respectReducedMotion: true,
  components: {
    Button: Button.extend({ defaultProps: { size: 'xs', radius: 'sm' } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { size: 'sm', variant: 'subtle', color: 'gray' } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 250, multiline: true } }),
  },
})
