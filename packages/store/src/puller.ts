import type { Digest, ImageConfig, LayerCompression, Platform } from '@keelson/image';
import type { FileSlice } from '@keelson/os/ports';
import { Future, Process } from '@keelson/process';
import type { ImageSource, SourceScheme } from './image-source.js';
import { StoreError } from './store-error.js';
import type { RegistryAccess } from './registry/credential.js';
import type { LayerId } from './store.js';

/** Where the blobs of a resolved image are. Plain data; what a puller needs to go back to its source. */
export interface BlobOrigin {
  readonly scheme: SourceScheme;
  /** `registry/repository`, or the path of a layout. */
  readonly location: string;
  /** Plain http to a registry that is not on the loopback interface. */
  readonly insecure?: boolean;
  /** Who asks, if it is not the puller's own user. Never recorded. */
  readonly access?: RegistryAccess;
}

/** Equal for origins that are asked in the same way: what one of them fails with, the other would too. */
export function originKey({ scheme, location, insecure = false, access }: BlobOrigin): string {
  return [scheme, location, insecure, access?.id ?? ''].join(' ');
}

export interface ResolveRequest {
  readonly source: ImageSource;
  readonly platform: Platform;
  /** The user named the platform: an image of another one is refused, not just unusual. */
  readonly platformRequired?: boolean;
  readonly insecure?: boolean;
  /** Who asks, if it is not the puller's own user. */
  readonly access?: RegistryAccess;
  /** A configuration already at hand, so that an unchanged image costs one manifest. */
  readonly known?: { readonly configDigest: Digest; readonly config: ImageConfig };
}

/** A layer of a resolved image: the blob to fetch and what unpacking it must yield. */
export interface ResolvedLayer {
  readonly id: LayerId;
  readonly diffId: Digest;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly compression: LayerCompression;
}

/** An image whose manifest and configuration are verified; none of its layers has been looked at. */
export interface ResolvedImage {
  /** The canonical name it is to be stored under. */
  readonly reference: string;
  readonly digest: Digest;
  readonly indexDigest?: Digest;
  readonly configDigest: Digest;
  readonly config: ImageConfig;
  readonly platform: Platform;
  /** Base first. */
  readonly layers: readonly ResolvedLayer[];
  readonly origin: BlobOrigin;
  /** Set for what did not come from a registry. */
  readonly loadedFrom?: string;
}

export interface BlobRequest {
  readonly origin: BlobOrigin;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** A blob on disk. A temporary one is the store's to delete; another stays where its owner keeps it. */
export interface FetchedBlob {
  readonly path: string;
  /** Missing where it is the whole file. */
  readonly slice?: FileSlice;
  /** Nobody has compared it with its digest yet: who unpacks it does. */
  readonly unverified?: boolean;
  readonly temporary: boolean;
  readonly downloadedBytes: number;
}

/** What a file or folder of images holds. */
export interface SourceListing {
  /** Every image of it, as `parseSource` takes it. */
  readonly sources: readonly string[];
  /** To be closed when the images have been pulled. */
  readonly origin?: BlobOrigin;
}

/**
 * Finds images at their source and brings their blobs. Mirrors Mesos `docker/puller.hpp`.
 *
 * A puller knows nothing of layers on disk: it resolves, then fetches the blobs the store asks for.
 * Everything it answers has been verified against its digest and size, but for blobs it says are not.
 */
export abstract class Puller<Self = unknown> extends Process<Self> {
  /** Answers what the source means right now. Discarding gives the request up. */
  abstract resolve(request: ResolveRequest): Future<ResolvedImage>;

  /**
   * Brings one blob, into `targetPath` if it has to be copied at all.
   *
   * @throws StoreError DIGEST_MISMATCH, SIZE_MISMATCH; nothing is left behind then
   */
  abstract fetch(
    blob: BlobRequest,
    targetPath: string,
    onProgress: (receivedBytes: number) => void,
  ): Future<FetchedBlob>;

  /** The images a source stands for, where it may stand for several: a file that `docker save` wrote. */
  list(source: ImageSource): Future<SourceListing> {
    return Future.ready({ sources: [source.key] });
  }

  /** Nothing more is fetched for an image that was resolved with this origin. Answers when nothing is left. */
  close(_origin: BlobOrigin): Future<void> {
    return Future.ready(undefined);
  }
}

/** @throws StoreError SIZE_MISMATCH */
export function expectSize(path: string, foundBytes: number, { digest, sizeBytes }: BlobRequest): void {
  if (foundBytes === sizeBytes) return;
  const why = `${digest} has ${foundBytes} bytes in ${path}, not ${sizeBytes}`;
  throw new StoreError('SIZE_MISMATCH', why);
}
