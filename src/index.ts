/** The library: stages, sources, sinks, the tensor cache, batches, and the run that puts them together. */
export { type Augmenter, type AugmenterOptions, augmenter } from './augment/augmenter.js';
export { type MixableBatch, type MixedLabels, mixBatch } from './augment/mix.js';
export { type Augmentation, augmentationOf, UNCHANGED, type ViewKey } from './augment/parameters.js';
export { type AugmentationRecipe, augmentationSchema } from './augment/schema.js';
export { type StoredView, storedAugmentation } from './augment/stored.js';
export {
  type Batch,
  type BatchOptions,
  type BatchSample,
  batches,
  openReaders,
  type Readers,
  type RowDraw,
  type RowTransform,
  type RowTransformFactory,
  readState,
  type Shuffle,
  type TransformOptions,
} from './batches.js';
export { type ByteBudget, byteBudget, type MapOptions, mapOrdered } from './concurrency.js';
export { createContext, type ResourceOptions } from './context.js';
export { type CacheDataset, type DatasetBatch, type DatasetOptions, dataset } from './dataset.js';
export { type ErrorCode, PipelineError } from './errors.js';
export { type EventBus, eventBus, type PipelineEvent, type StageCounts } from './events.js';
export type { ExportFormat, ExportImage } from './exported.js';
export type { Fit } from './kernels/fit.js';
export { type PixelTarget, pixelPool } from './kernels/pixel-pool.js';
export type { Filter } from './kernels/resize.js';
export type { TreeFigures } from './labels/tree/figures.js';
export type { CategoryTree } from './labels/tree/tree.js';
export { type Fate, type Ledger, type LedgerEntry, memoryLedger, silentLedger } from './ledger.js';
export type { BackendChoice, StartedBackend, StartOptions, Tf } from './models/backends/backend.js';
export { startBackend } from './models/backends/index.js';
export type { ModelFormat } from './models/export/formats.js';
export { loadModel, type ModelMetadata } from './models/model-folder.js';
export type { Normalisation } from './normalisation.js';
export {
  openPredictor,
  type PhotoPrediction,
  type PredictedTask,
  type Predictor,
  type TaskPrediction,
} from './predict/predictor.js';
export { type RandomSource, randomSource } from './random.js';
export { type Recipe, recipeJsonSchema } from './recipe.js';
export { loadRecipe, parseRecipe } from './recipe-file.js';
export type {
  Attributes,
  AttributeValue,
  JoinedView,
  LabelledPhoto,
  Level,
  Listing,
  Photo,
  Sample,
  SampleRecord,
  Side,
  TreePath,
  View,
} from './records.js';
export type { EvaluationResult, TrainResult } from './results.js';
export { writeJsonLines, writeJsonLinesFile } from './sinks/jsonl.js';
export { ledgerFile } from './sinks/ledger.js';
export { type ColumnType, writeParquet } from './sinks/parquet.js';
export type {
  CachedSample,
  CacheIdentity,
  CacheWriter,
  PixelIdentity,
  TensorCache,
  VectorIdentity,
} from './sinks/tensor-cache/cache.js';
export { identityHash, pixelIdentity, pixelTarget } from './sinks/tensor-cache/identity.js';
export { openCache } from './sinks/tensor-cache/open.js';
export { writeCache } from './sinks/tensor-cache/write.js';
export { type AboOptions, aboSource } from './sources/abo.js';
export { type FolderOptions, folderSource } from './sources/folder.js';
export { imagesInFolder } from './sources/images-root.js';
export { openSource, type Place, sourceAt } from './sources/open.js';
export { type RecordsOptions, recordsSource } from './sources/records.js';
export { sampleRows } from './sources/samples.js';
export type { ImageRow, ImagesRoot, RawRow, Source } from './sources/source.js';
export { operatorStage, type RunContext, runStage, type Stage, type StageContext } from './stage.js';
export { type BalanceOptions, balance } from './stages/balance.js';
export { type DecodedPhoto, decodeResize } from './stages/decode-resize.js';
export { type DeduplicateOptions, type DuplicateGroup, deduplicate } from './stages/deduplicate.js';
export { type ExplodeOptions, explode } from './stages/explode.js';
export { type JoinOptions, join } from './stages/join.js';
export { type LabelOptions, label } from './stages/label.js';
export { parse } from './stages/parse.js';
export { readSamples } from './stages/read-samples.js';
export { type SplitOptions, split } from './stages/split.js';
export { type ExportRequest, type ExportSummary, exportCache } from './steps/export.js';
export { exportModel, type ModelExportRequest, type ModelExportSummary } from './steps/export-model.js';
export { type ImportRequest, type ImportSummary, importCache } from './steps/import.js';
export { type PipelineOptions, runPipeline, type Until } from './steps/pipeline.js';
export { collect, iterate } from './streams.js';
export type { PartialSummary, RunCost, Summary, TaskSummary } from './summary.js';
export { synthesize } from './synth/dump.js';
export { isSyntheticDump } from './synth/truth.js';
