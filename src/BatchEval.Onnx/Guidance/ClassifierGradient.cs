using BatchEval.Core.Sampling;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Guidance;

/// <summary>
/// Classifier guidance (arXiv 2105.05233, guided-diffusion's condition_score): a network that returns the gradient of log p(y | x_t) with respect to x_t. The
/// scale stays outside of it.
/// </summary>
public sealed class ClassifierGradient : IDisposable
{
    private readonly InferenceSession session;
    private readonly ClassifierEntry entry;
    private readonly TensorInput sample;
    private readonly TensorInput time;
    private readonly TensorInput label;

    /// <summary>Opens the network.</summary>
    /// <exception cref="ProblemException">It does not fit its entry.</exception>
    public ClassifierGradient(string path, ClassifierEntry entry, SampleEntry shape, DeviceOptions device)
    {
        this.entry = entry;
        using var parts = new OpenParts();
        session = parts.Add(SessionLoader.Open(path, device));
        TensorInput Input(string name) => TensorInput.Find(session.InputMetadata, name, "input", entry.File);
        (sample, time, label) = (Input(entry.SampleInput), Input(entry.TimeInput), Input(entry.LabelInput));
        foreach (var (tensor, role) in new[] { (sample, "input"), (TensorInput.Find(session.OutputMetadata, entry.Output, "output", entry.File), "output") })
        {
            int[] wanted = [shape.Channels, shape.Height, shape.Width];
            if (tensor.Rank != 4 || tensor.Shape.Skip(1).Zip(wanted).Any(p => p.First > 0 && p.First != p.Second))
            {
                throw new ProblemException($"The {role} '{tensor.Name}' of {entry.File} has the shape {tensor.ShapeText}; the model's samples want [batch, {string.Join(", ", wanted)}].");
            }
        }

        parts.Keep();
    }

    /// <summary>
    /// Adds the gradient, in the order of guided-diffusion: x0 is predicted and clamped, eps made anew from it, and eps' = eps - sigma s g handed on, which the
    /// sampler does not clamp again. Networks that predict something else hand on the output that means the same eps'. Where no signal is left the gradient says nothing.
    /// </summary>
    /// <param name="rows">States and levels; the classifier sees the state as it is.</param>
    /// <param name="outputs">Network outputs; replaced.</param>
    /// <param name="scale">s.</param>
    internal void Guide(DenoiserRow[] rows, float[][] outputs, ModelManifest manifest, double scale)
    {
        var gradients = Of(rows, manifest.Sample);
        for (var i = 0; i < rows.Length; i++)
        {
            var state = rows[i].State.Span;
            var (output, alpha, sigma) = (outputs[i], rows[i].Level.Alpha, rows[i].Level.Sigma);
            var gradient = gradients.AsSpan(i * output.Length, output.Length);
            if (manifest.Denoiser.Prediction != PredictionType.Epsilon)
            {
                GuideData(rows[i], output, gradient, manifest, scale);
                continue;
            }

            var clean = new double[output.Length];
            for (var j = 0; j < output.Length; j++)
            {
                clean[j] = (state[j] - (sigma * output[j])) / alpha;
            }

            manifest.Sample.Limit?.Apply<double>(clean);
            for (var j = 0; j < output.Length; j++)
            {
                var eps = manifest.Sample.Limit is null ? output[j] : (state[j] - (alpha * clean[j])) / sigma;
                output[j] = (float)(eps - (sigma * scale * gradient[j]));
            }
        }
    }

    public void Dispose() => session.Dispose();

    // eps' = eps - sigma s g is x0' = x0 + sigma^2 s g / alpha.
    private static void GuideData(in DenoiserRow row, float[] output, ReadOnlySpan<float> gradient, ModelManifest manifest, double scale)
    {
        if (row.Level.IsPureNoise)
        {
            return;
        }

        var state = row.State.Span;
        var (alpha, sigma) = (row.Level.Alpha, row.Level.Sigma);
        var data = DataPrediction.For(manifest.Denoiser.Prediction, row.Level);
        var clean = new double[output.Length];
        for (var j = 0; j < output.Length; j++)
        {
            clean[j] = (data.FromState * state[j]) + (data.FromNetwork * output[j]);
        }

        manifest.Sample.Limit?.Apply<double>(clean);
        for (var j = 0; j < output.Length; j++)
        {
            output[j] = (float)((clean[j] + (sigma * sigma * scale / alpha * gradient[j]) - (data.FromState * state[j])) / data.FromNetwork);
        }
    }

    /// <summary>Gradients [N, C, H, W] at some states, for the rows' times and labels.</summary>
    public float[] Of(DenoiserRow[] rows, SampleEntry shape)
    {
        var states = new float[rows.Length * shape.Size];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i].State.Span.CopyTo(states.AsSpan(i * shape.Size));
        }

        using var x = sample.Create(states, [rows.Length, shape.Channels, shape.Height, shape.Width]);
        using var t = time.Create([.. rows.Select(r => (float)r.Time)], [rows.Length]);
        using var y = label.Create([.. rows.Select(r => (float)r.Label)], [rows.Length]);
        using var results = NetworkCall.Run(session, entry.File, rows.Length, [sample.Name, time.Name, label.Name], [x, t, y], [entry.Output]);
        var gradients = new float[states.Length];
        TensorInput.Read(results[0], gradients);
        return gradients;
    }
}
