/** Which files are here: a row a version, a column a Python or an architecture; what fits a target says so. */
import { useTranslation } from 'react-i18next'
import { bytes } from '../amounts.ts'
import type { AnswerOf } from '../api.ts'
import { Icon } from '../frame/Icon.tsx'
import { byColumn, shapeOf } from './files.ts'

type File = AnswerOf<'getPackage'>['files'][number]
type Fits = AnswerOf<'describePackage'>['fits']

export function Matrix({ files, fits }: { readonly files: readonly File[]; readonly fits: Fits }) {
  const { t } = useTranslation()
  const shaped = files.map((file) => ({ ...file, ...shapeOf(file.file) }))
  const columns = [...new Set(shaped.map(({ column }) => column))].toSorted(byColumn)
  const versions = [...new Set(shaped.map(({ version }) => version))].toSorted((a, b) =>
    b.localeCompare(a, 'en', { numeric: true }),
  )
  const targetsOf = new Map(fits.map(({ file, targets }) => [file, targets]))
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('package.files')}>
      <table className="matrix">
        <thead>
          <tr>
            <th scope="col">{t('package.release')}</th>
            {columns.map((column) => (
              <th key={column} scope="col" className="mono">
                {column === 'source' ? t('package.source') : column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {versions.map((version) => (
            <tr key={version}>
              <th scope="row" className="mono">
                {version}
              </th>
              {columns.map((column) => (
                <td key={column}>
                  {shaped
                    .filter((file) => file.version === version && file.column === column)
                    .map((file) => {
                      const targets = targetsOf.get(file.file) ?? []
                      return (
                        <div
                          key={file.file}
                          className={targets.length > 0 ? 'file fits' : 'file'}
                          title={`${file.file}\n${file.sha256}`}
                        >
                          {file.platform === 'any' ? t('package.any') : file.platform}{' '}
                          <span className="number dim">{file.size === null ? '' : bytes(file.size)}</span>
                          {targets.length > 0 && (
                            <span className="fit">
                              <Icon name="check" /> {t('package.fits', { target: targets.join(', ') })}
                            </span>
                          )}
                        </div>
                      )
                    })}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
