declare module 'fs-native-extensions' {
  const locks: {
    /** Takes an exclusive lock on an open file; false when another holds it. */
    tryLock(fd: number): boolean;
  };
  export default locks;
}
