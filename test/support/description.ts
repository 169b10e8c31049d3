/** A pod's description as `setup.sh --describe` prints it, made of sections: a heading and its lines. */
export type Section = readonly [heading: string, lines: readonly string[]]

export function describePod(...sections: readonly Section[]): string {
  const lines = sections.flatMap(([heading, content]) => [`== ${heading}`, ...content.map((line) => ` ${line}`)])
  return ['airlock-pod 1', ...lines, '== end', ''].join('\n')
}

/** One Python of a pod, with what belongs to it. */
export function pythonSections(
  path: string,
  {
    version = '3.11.2',
    implementation = 'cpython',
    platform = 'x86_64-manylinux_2_36',
    isDefault = true,
    tags = ['cp311-cp311-manylinux_2_36_x86_64', 'cp311-abi3-manylinux_2_17_x86_64', 'py3-none-any'],
    freeze = [],
  }: {
    readonly version?: string
    readonly implementation?: string
    readonly platform?: string
    readonly isDefault?: boolean
    readonly tags?: readonly string[]
    readonly freeze?: readonly string[]
  } = {},
): Section[] {
  return [
    [
      `python ${path}`,
      [
        `version ${version}`,
        `implementation ${implementation}`,
        `platform ${platform}`,
        'pip 23.0.1',
        'environment system',
        `default ${isDefault ? 'yes' : 'no'}`,
      ],
    ],
    ...(tags.length > 0 ? [[`tags ${path}`, tags] as const] : []),
    [`freeze ${path}`, freeze],
  ]
}

export const system: readonly Section[] = [
  ['os-release', ['PRETTY_NAME="Example OS 12"', 'ID=example']],
  ['architecture', ['amd64']],
  ['libc', ['glibc 2.36']],
]
