using System.Numerics;
using System.Numerics.Tensors;

namespace BatchEval.Core.Sampling;

/// <summary>What the network's output means.</summary>
public enum PredictionType
{
    /// <summary>The noise eps.</summary>
    Epsilon,

    /// <summary>v = alpha * eps - sigma * x0 (Salimans and Ho 2022).</summary>
    V,

    /// <summary>The clean sample x0.</summary>
    Sample,

    /// <summary>The flow velocity eps - x0 (Lipman et al. 2023); needs alpha + sigma = 1.</summary>
    Flow,

    /// <summary>F of EDM's preconditioning, D = c_skip x + c_out F (Karras et al. 2022); needs a <see cref="LogSigmaNoiseSchedule"/>.</summary>
    Edm,
}

/// <summary>The data prediction D = FromState * x + FromNetwork * net at one noise level.</summary>
/// <param name="FromNetwork">Coefficient of the network output.</param>
public readonly record struct DataPrediction(double FromState, double FromNetwork)
{
    /// <summary>The coefficients for a prediction type at a noise level.</summary>
    public static DataPrediction For(PredictionType prediction, NoiseLevel level)
    {
        var (alpha, sigma) = (level.Alpha, level.Sigma);
        var norm = (alpha * alpha) + (sigma * sigma);
        return prediction switch
        {
            PredictionType.Epsilon when level.IsPureNoise => throw new ArgumentException(
                $"A network that predicts eps says nothing about the sample at t = {level.Time}, where no signal is left; start lower, or use a model that predicts v or the sample."),
            PredictionType.Epsilon => new(1 / alpha, -sigma / alpha),
            PredictionType.V => new(alpha / norm, -sigma / norm),
            PredictionType.Sample => new(0, 1),
            PredictionType.Flow => new(1, -sigma),
            PredictionType.Edm => Preconditioned(level),
            _ => throw new ArgumentOutOfRangeException(nameof(prediction), prediction, "Unknown prediction type."),
        };
    }

    /// <summary>D = p x + q net, not clamped.</summary>
    /// <param name="data">Where it goes; as long as the state.</param>
    public void Apply<T>(ReadOnlySpan<T> state, ReadOnlySpan<T> net, Span<T> data)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        TensorPrimitives.Multiply(state, T.CreateChecked(FromState), data);
        TensorPrimitives.MultiplyAdd(net, T.CreateChecked(FromNetwork), data, data);
    }

    // c_skip / c_in = sigma_data^2 c_in and c_out = sigma sigma_data c_in, with sigma_data^2 = 1 / c_in^2 - sigma^2
    private static DataPrediction Preconditioned(NoiseLevel level)
    {
        var variance = (1 / (level.Alpha * level.Alpha)) - (level.Ratio * level.Ratio);
        return new(variance * level.Alpha, level.Sigma * Math.Sqrt(Math.Max(0, variance)));
    }
}
