import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import './styles.ts'
import { Frame } from './frame/Frame.tsx'
import { Pages } from './Pages.tsx'
import { queryClient, readFirst } from './queries.ts'
import { schemes, theme } from './theme.ts'
import './words/index.ts'

readFirst()

// style elements would need a wider policy than 'self': variables and classes come from the style sheets
createRoot(document.getElementById('page')!).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      colorSchemeManager={schemes}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queryClient}>
        <Frame>
          <Pages />
        </Frame>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
