/** An image as a container asks for it. More types may come; stores are chosen by `type`. */
export interface ImageName {
  readonly type: 'DOCKER';
  /** As the user wrote it, for example `mysql` or `127.0.0.1:5000/app:1`. */
  readonly name: string;
}
