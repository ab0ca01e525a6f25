/** The formats that a model can be written in. */
export const MODEL_FORMATS = ['tfjs', 'keras', 'weights-h5', 'onnx'] as const;
export type ModelFormat = (typeof MODEL_FORMATS)[number];
