import { ImageError } from './image-error.js';
import { quoted } from './quoted.js';

/** What an image runs on, in Go's words: `linux`, `amd64`, and for some architectures a `variant`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const part = /^[A-Za-z0-9_.-]{1,64}$/;

/**
 * Reads `linux/arm64/v8`, `linux/amd64` or an architecture alone, which means Linux.
 *
 * @throws ImageError INVALID_PLATFORM
 */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  if (parts.length > 3 || !parts.every((each) => part.test(each))) {
    throw new ImageError('INVALID_PLATFORM', `${quoted(text)} is not of the form os/architecture[/variant]`);
  }
  const [os, architecture, variant] = parts.length === 1 ? ['linux', parts[0]] : parts;
  const named = { os: os!, architecture: architecture! };
  return normalisePlatform(variant === undefined ? named : { ...named, variant });
}

export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** The platform of a machine whose `process.arch` is `arch`. We run Linux images only. */
export function platformOfNode(arch: string): Platform {
  const architecture = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le', mipsel: 'mipsle' }[arch] ?? arch;
  return normalisePlatform({ os: 'linux', architecture });
}

/** One spelling for each platform. Source: containerd `platforms/database.go`. */
export function normalisePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const [architecture, implied] = architectureOf(platform.architecture.toLowerCase());
  const variant = variantOf(architecture, platform.variant?.toLowerCase() || implied);
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

function architectureOf(architecture: string): [architecture: string, variant?: string] {
  switch (architecture) {
    case 'x86_64':
    case 'x86-64':
      return ['amd64'];
    case 'i386':
      return ['386'];
    case 'aarch64':
      return ['arm64'];
    case 'armhf':
      return ['arm', 'v7'];
    case 'armel':
      return ['arm', 'v6'];
    default:
      return [architecture];
  }
}

/** `amd64` means v1 and `arm64` means v8, so those go unsaid; `arm` means v7, which is always said. */
function variantOf(architecture: string, variant: string | undefined): string | undefined {
  const spelled = variant !== undefined && /^[0-9]/.test(variant) ? `v${variant}` : variant;
  if (architecture === 'amd64' && spelled === 'v1') return undefined;
  if (architecture === 'arm64' && (spelled === 'v8' || spelled === 'v8.0')) return undefined;
  if (architecture === 'arm' && spelled === undefined) return 'v7';
  return spelled;
}
