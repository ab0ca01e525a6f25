import type { layers, Shape, Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../backends/backend.js';

/** Its name in a saved model's topology. */
export const KERNEL_LAYER = 'RadialBasis';
/** Its one weight, [length of a feature vector, centres]: the centres' vectors, of length 1 each, are its columns. */
export const CENTRES = 'centres';

type Layer = layers.Layer;
type LayerConfig = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;
/** How many centres, and how fast the kernel falls. */
export type KernelConfig = LayerConfig & { units: number; gamma: number };

const classes = new WeakMap<Tf, new (config: KernelConfig) => Layer>();

/**
 * The layer of radial basis functions: of features x [batch, length] it gives exp(−γ · ‖x/‖x‖ − c‖²) for each centre c,
 * [batch, centres]. It is made for a backend once, and known to its `loadLayersModel` from then on.
 */
export function kernelLayer(tf: Tf): new (config: KernelConfig) => Layer {
  const known = classes.get(tf);
  if (known !== undefined) return known;
  class RadialBasis extends tf.layers.Layer {
    static readonly className = KERNEL_LAYER;
    private readonly units: number;
    private readonly gamma: number;

    constructor({ units, gamma, ...config }: KernelConfig) {
      super(config);
      this.units = units;
      this.gamma = gamma;
    }

    override build(input: Shape | Shape[]): void {
      const length = (input as Shape).at(-1)!;
      this.addWeight(CENTRES, [length, this.units], 'float32', tf.initializers.zeros());
      this.built = true;
    }

    override computeOutputShape(input: Shape | Shape[]): Shape {
      return [(input as Shape)[0]!, this.units];
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const x = Array.isArray(inputs) ? inputs[0]! : inputs;
        const [centres] = this.getWeights();
        // Of vectors of length 1 the squared distance is 2 − 2 x·c.
        return unitRows(tf, x)
          .matMul(centres as never)
          .sub(1)
          .mul(2 * this.gamma)
          .exp();
      });
    }

    override getConfig(): ReturnType<Layer['getConfig']> {
      return { ...super.getConfig(), units: this.units, gamma: this.gamma };
    }
  }
  tf.serialization.registerClass(RadialBasis as never);
  classes.set(tf, RadialBasis);
  return RadialBasis;
}

/** Rows scaled to length 1; those of zeros stay. Call it in a tidy. */
export function unitRows(tf: Tf, x: Tensor): Tensor {
  return x.div(tf.maximum(x.square().sum(-1, true).sqrt(), 1e-12));
}
