/** Where Amazon Berkeley Objects are published; a mirror has the same paths. */
export const ABO_PUBLISHER = 'https://amazon-berkeley-objects.s3.amazonaws.com';

/** The listings' shards, in ABO's order. */
export const SHARD_PATHS = [...'0123456789abcdef'].map(
  (digit) => `listings/metadata/listings_${digit}.json.gz`,
);

export const TABLE_PATH = 'images/metadata/images.csv.gz';

/** The archives' folder. */
export const ARCHIVES_PATH = 'archives';
