/** Shared libraries that wheels expect of a system, and Debian's packages that have them. */

/** By what Debian's package is called: stable names of what wheels of images, sound, graphics and databases ask for. */
const packages: Readonly<Record<string, readonly string[]>> = {
  libgl1: ['libGL.so.1'],
  libglx0: ['libGLX.so.0'],
  libegl1: ['libEGL.so.1'],
  libgles2: ['libGLESv2.so.2'],
  libopengl0: ['libOpenGL.so.0'],
  libosmesa6: ['libOSMesa.so.8'],
  'libglu1-mesa': ['libGLU.so.1'],
  'libglib2.0-0': ['libglib-2.0.so.0', 'libgthread-2.0.so.0', 'libgobject-2.0.so.0', 'libgio-2.0.so.0'],
  libsm6: ['libSM.so.6'],
  libice6: ['libICE.so.6'],
  'libx11-6': ['libX11.so.6'],
  'libx11-xcb1': ['libX11-xcb.so.1'],
  libxext6: ['libXext.so.6'],
  libxrender1: ['libXrender.so.1'],
  libxi6: ['libXi.so.6'],
  libxcursor1: ['libXcursor.so.1'],
  libxrandr2: ['libXrandr.so.2'],
  libxinerama1: ['libXinerama.so.1'],
  libxft2: ['libXft.so.2'],
  libxss1: ['libXss.so.1'],
  libxt6: ['libXt.so.6'],
  libxkbcommon0: ['libxkbcommon.so.0'],
  'libdbus-1-3': ['libdbus-1.so.3'],
  libgomp1: ['libgomp.so.1'],
  libatomic1: ['libatomic.so.1'],
  libgfortran5: ['libgfortran.so.5'],
  libopenblas0: ['libopenblas.so.0'],
  libblas3: ['libblas.so.3'],
  liblapack3: ['liblapack.so.3'],
  libnuma1: ['libnuma.so.1'],
  libtbb12: ['libtbb.so.12'],
  libsndfile1: ['libsndfile.so.1'],
  libportaudio2: ['libportaudio.so.2'],
  libasound2: ['libasound.so.2'],
  libpulse0: ['libpulse.so.0'],
  libfontconfig1: ['libfontconfig.so.1'],
  libfreetype6: ['libfreetype.so.6'],
  libcairo2: ['libcairo.so.2'],
  'libpango-1.0-0': ['libpango-1.0.so.0'],
  'libpangocairo-1.0-0': ['libpangocairo-1.0.so.0'],
  'libgdk-pixbuf-2.0-0': ['libgdk_pixbuf-2.0.so.0'],
  libmagic1: ['libmagic.so.1'],
  libxml2: ['libxml2.so.2'],
  'libxslt1.1': ['libxslt.so.1'],
  libffi8: ['libffi.so.8'],
  'libsqlite3-0': ['libsqlite3.so.0'],
  libpq5: ['libpq.so.5'],
  libmariadb3: ['libmariadb.so.3'],
  libodbc2: ['libodbc.so.2'],
  libodbcinst2: ['libodbcinst.so.2'],
  libaio1: ['libaio.so.1'],
  'libusb-1.0-0': ['libusb-1.0.so.0'],
  'libhidapi-libusb0': ['libhidapi-libusb.so.0'],
  libbluetooth3: ['libbluetooth.so.3'],
  libnss3: ['libnss3.so'],
  'libgeos-c1v5': ['libgeos_c.so.1'],
  libzbar0: ['libzbar.so.0'],
  'libtk8.6': ['libtk8.6.so'],
  libibverbs1: ['libibverbs.so.1'],
  librdmacm1: ['librdmacm.so.1'],
  libopenmpi3: ['libmpi.so.40'],
}

const byLibrary = new Map(Object.entries(packages).flatMap(([name, files]) => files.map((file) => [file, name])))

/** glibc's words, as Python passes them on. */
export function missingLibrary(message: string): string | null {
  return /(?:^|: )(lib[\w.+-]+\.so(?:\.[\d.]+)?): cannot open shared object file/.exec(message)?.[1] ?? null
}

/** Null: it is not known here. */
export function packageOfLibrary(library: string): string | null {
  return byLibrary.get(library) ?? null
}
