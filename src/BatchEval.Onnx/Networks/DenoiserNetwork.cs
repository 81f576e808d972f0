using BatchEval.Core.Json;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace BatchEval.Onnx.Networks;

/// <summary>One loaded denoising network. Safe to call from several threads.</summary>
public sealed class DenoiserNetwork : IDisposable
{
    private readonly InferenceSession session;
    private readonly SampleEntry shape;
    private readonly TensorInput sample;
    private readonly TensorInput time;
    private readonly TensorInput? label;
    private readonly TensorInput? context;
    private readonly string[] outputs;
    private readonly string file;
    private readonly string? gateInput;
    private readonly bool[]? gates;

    /// <summary>Wraps a session whose inputs and output are those of a manifest.</summary>
    /// <param name="session">The session; owned from here on.</param>
    /// <param name="manifest">The package's manifest.</param>
    /// <param name="file">File name for messages.</param>
    /// <param name="gateInput">An input of booleans that says which blocks run, or null; see <see cref="Gated"/>.</param>
    /// <exception cref="ProblemException">An input or output of the manifest does not exist or has another shape.</exception>
    public DenoiserNetwork(InferenceSession session, ModelManifest manifest, string file, string? gateInput = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(manifest);
        (this.session, shape, this.file) = (session, manifest.Sample, file);
        var entry = manifest.Denoiser;
        sample = TensorInput.Find(session.InputMetadata, entry.SampleInput, "input", file);
        time = TensorInput.Find(session.InputMetadata, entry.TimeInput, "input", file);
        label = entry.LabelInput is { } l ? TensorInput.Find(session.InputMetadata, l, "input", file) : null;
        context = entry.ContextInput is { } c ? TensorInput.Find(session.InputMetadata, c, "input", file) : null;
        CheckShape(sample, "input");
        CheckShape(TensorInput.Find(session.OutputMetadata, entry.Output, "output", file), "output");
        if (time.Rank > 1)
        {
            throw new ProblemException($"Input '{time.Name}' of {file} has {time.Rank} dimensions; a time input is a scalar or a vector with one entry per sample.");
        }

        this.gateInput = gateInput;
        string?[] fed = [sample.Name, time.Name, label?.Name, context?.Name, gateInput];
        if (session.InputMetadata.Keys.Where(k => !fed.Contains(k)).ToList() is { Count: > 0 } unfed)
        {
            throw new ProblemException($"{file} has inputs that the manifest does not name: {string.Join(", ", unfed)}.");
        }

        outputs = [entry.Output];
    }

    private DenoiserNetwork(DenoiserNetwork whole, bool[] gates)
    {
        (session, shape, sample, time, label, context) = (whole.session, whole.shape, whole.sample, whole.time, whole.label, whole.context);
        (outputs, file, gateInput, this.gates) = (whole.outputs, whole.file, whole.gateInput, gates);
    }

    /// <summary>True when one call can hold samples at different times.</summary>
    public bool TimePerSample => time.Rank == 1;

    /// <summary>The fixed batch size that the graph was exported with, or null when it is free.</summary>
    public int? FixedBatch => sample.Shape[0] > 0 ? sample.Shape[0] : null;

    /// <summary>The same network with its gates set; needs no disposal, and lives no longer than this one.</summary>
    /// <param name="keep">One entry per block: true where it runs.</param>
    public DenoiserNetwork Gated(bool[] keep) => new(this, keep);

    /// <summary>Calls the network.</summary>
    /// <param name="states">States [B, C, H, W].</param>
    /// <param name="times">Times [B]; all equal unless <see cref="TimePerSample"/>.</param>
    /// <param name="labels">Labels [B]; ignored by networks without a label input.</param>
    /// <param name="contexts">Contexts [B, S, D] with their shape; ignored by networks without a context input.</param>
    /// <param name="output">Receives the output [B, C, H, W].</param>
    public void Run(float[] states, float[] times, float[] labels, (float[] Data, long[] Shape)? contexts, Span<float> output)
    {
        using var results = Call(states, times, labels, contexts, outputs);
        TensorInput.Read(results[0], output);
    }

    /// <summary>Calls the network for any of its outputs; the results are the caller's to dispose of.</summary>
    internal IDisposableReadOnlyCollection<OrtValue> Call(
        float[] states, float[] times, float[] labels, (float[] Data, long[] Shape)? contexts, IReadOnlyCollection<string> wanted)
    {
        ArgumentNullException.ThrowIfNull(times);
        var inputs = new List<(string Name, OrtValue Value)>();
        try
        {
            inputs.Add((sample.Name, State(states, times.Length)));
            Conditions(inputs, times, labels, contexts);
            using var options = new RunOptions();
            return session.Run(options, [.. inputs.Select(i => i.Name)], [.. inputs.Select(i => i.Value)], wanted);
        }
        catch (OnnxRuntimeException error)
        {
            throw new InvalidOperationException($"{file} failed on a batch of {times.Length}: {SessionLoader.FirstLine(error.Message)}", error);
        }
        finally
        {
            inputs.ForEach(i => i.Value.Dispose());
        }
    }

    /// <summary>Binds everything but the state and the output; times, labels and contexts are copied to the device here, once.</summary>
    internal BoundCall Bind(float[] times, float[] labels, (float[] Data, long[] Shape)? contexts)
    {
        var inputs = new List<(string Name, OrtValue Value)>();
        Conditions(inputs, times, labels, contexts);
        var call = new BoundCall(session);
        inputs.ForEach(i => call.Input(i.Name, i.Value, owned: true));
        return call;
    }

    /// <summary>Binds a state.</summary>
    internal void BindState(BoundCall call, OrtValue state, bool owned = false) => call.Input(sample.Name, state, owned);

    /// <summary>Binds the output.</summary>
    internal void BindOutput(BoundCall call, OrtValue output) => call.Output(outputs[0], output);

    /// <summary>Element types of the state and of the output.</summary>
    internal (TensorElementType State, TensorElementType Output) ElementTypes => (sample.Type, session.OutputMetadata[outputs[0]].ElementDataType);

    /// <summary>A state on the processor, in the network's own element type.</summary>
    internal OrtValue State(float[] states, int batch) => sample.Create(states, Shape(batch));

    /// <summary>Room on the device for states and outputs.</summary>
    internal DeviceRooms Rooms(DeviceOptions device) => new(session, device);

    /// <summary>Shape of a batch of states.</summary>
    internal long[] Shape(int batch) => [batch, shape.Channels, shape.Height, shape.Width];

    private void Conditions(List<(string Name, OrtValue Value)> inputs, float[] times, float[] labels, (float[] Data, long[] Shape)? contexts)
    {
        inputs.Add((time.Name, TimePerSample ? time.Create(times, [times.Length]) : time.Create([times[0]], [])));
        if (label is not null)
        {
            inputs.Add((label.Name, label.Create(labels, [times.Length])));
        }

        if (context is not null && contexts is { } c)
        {
            inputs.Add((context.Name, context.Create(c.Data, c.Shape)));
        }

        if (gateInput is not null)
        {
            var keep = gates ?? throw new InvalidOperationException("A gated network runs with its gates set.");
            inputs.Add((gateInput, OrtValue.CreateTensorValueFromMemory(keep, [keep.Length])));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (gates is null)
        {
            session.Dispose();
        }
    }

    private void CheckShape(TensorInput tensor, string role)
    {
        int[] wanted = [shape.Channels, shape.Height, shape.Width];
        var fits = tensor.Rank == 4 && tensor.Shape.Skip(1).Zip(wanted).All(p => p.First <= 0 || p.First == p.Second);
        if (!fits)
        {
            throw new ProblemException($"The {role} '{tensor.Name}' of {file} has shape [{string.Join(", ", tensor.Shape)}]; the manifest's sample wants [batch, {string.Join(", ", wanted)}].");
        }
    }
}
