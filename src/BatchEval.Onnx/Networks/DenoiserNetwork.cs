using BatchEval.Core.Sampling;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Networks;

/// <summary>One loaded denoising network. Safe to call from several threads.</summary>
public sealed class DenoiserNetwork : IDisposable
{
    private readonly InferenceSession session;
    private readonly SampleEntry shape;
    private readonly DenoiserSignature signature;
    private readonly string? gateInput;
    private readonly bool[]? gates;

    /// <summary>Wraps a session whose inputs and output are those of a manifest.</summary>
    /// <param name="session">The session; owned from here on.</param>
    /// <param name="file">File name for messages.</param>
    /// <param name="gateInput">An input of booleans that says which blocks run, or null; see <see cref="Gated"/>.</param>
    /// <exception cref="ProblemException">An input or output of the manifest does not exist or has another shape.</exception>
    public DenoiserNetwork(InferenceSession session, ModelManifest manifest, string file, string? gateInput = null)
    {
        using var parts = new OpenParts();
        (this.session, shape, this.gateInput) = (parts.Add(session), manifest.Sample, gateInput);
        var inputs = TensorInput.All(session.InputMetadata).Where(i => i.Name != gateInput);
        signature = DenoiserSignature.Of([.. inputs], TensorInput.All(session.OutputMetadata), manifest, file);
        parts.Keep();
    }

    private DenoiserNetwork(DenoiserNetwork whole, bool[] gates) =>
        (session, shape, signature, gateInput, this.gates) = (whole.session, whole.shape, whole.signature, whole.gateInput, gates);

    /// <summary>True when one call can hold samples at different times.</summary>
    public bool TimePerSample => signature.TimePerSample;

    public TimeInput TimeInput => signature.Time.Times;

    /// <summary>The fixed batch size that the graph was exported with, or null when it is free.</summary>
    public int? FixedBatch => signature.FixedBatch;

    /// <summary>Values per sample of the output: those of the state, or twice as many where the network predicts variances, too.</summary>
    public int OutputSize => signature.OutputChannels * shape.Height * shape.Width;

    /// <summary>The same network with its gates set; needs no disposal, and lives no longer than this one.</summary>
    /// <param name="keep">One entry per block: true where it runs.</param>
    public DenoiserNetwork Gated(bool[] keep) => new(this, keep);

    /// <summary>Calls the network.</summary>
    /// <param name="states">States [B, C, H, W].</param>
    /// <param name="times">Times [B]; all equal unless <see cref="TimePerSample"/>.</param>
    /// <param name="feeds">The other inputs.</param>
    /// <param name="output">Receives the output [B, <see cref="OutputSize"/>].</param>
    /// <exception cref="ProblemException">A feed does not fit the network.</exception>
    public void Run(float[] states, float[] times, IReadOnlyList<Feed> feeds, Span<float> output)
    {
        using var results = Call(states, times, feeds, [signature.Output.Name]);
        TensorInput.Read(results[0], output);
        if (signature.Packed)
        {
            LatentPacking.Unpack(output, shape);
        }
    }

    /// <summary>Calls the network for any of its outputs; the results are the caller's to dispose of.</summary>
    internal IDisposableReadOnlyCollection<OrtValue> Call(float[] states, float[] times, IReadOnlyList<Feed> feeds, IReadOnlyCollection<string> wanted)
    {
        var inputs = new List<(string Name, OrtValue Value)>();
        try
        {
            inputs.Add((signature.Sample.Name, State(states, times.Length, feeds)));
            inputs.Add((signature.Time.Name, signature.TimeValue(times)));
            inputs.AddRange(Conditions(feeds));
            return NetworkCall.Run(session, signature.File, times.Length, [.. inputs.Select(i => i.Name)], [.. inputs.Select(i => i.Value)], wanted);
        }
        finally
        {
            inputs.ForEach(i => i.Value.Dispose());
        }
    }

    /// <summary>A call with nothing bound yet.</summary>
    internal BoundCall Bind() => new(session);

    /// <summary>Binds everything but state, time and output; it is copied to the device here, once.</summary>
    internal void BindConditions(BoundCall call, IReadOnlyList<Feed> feeds) => Conditions(feeds).ForEach(i => call.Input(i.Name, i.Value, owned: true));

    internal void BindTimes(BoundCall call, OrtValue times) => call.Input(signature.Time.Name, times);

    internal void BindState(BoundCall call, OrtValue state, bool owned = false) => call.Input(signature.Sample.Name, state, owned);

    internal void BindOutput(BoundCall call, OrtValue output) => call.Output(signature.Output.Name, output);

    /// <summary>What lies in memory as the network takes and returns it.</summary>
    internal NetworkLayout Layout => new(signature.Sample.Type, signature.Output.Type, signature.OutputChannels, signature.Packed, shape);

    /// <summary>Times [B] on the processor, as the network takes them.</summary>
    internal OrtValue Times(float[] times) => signature.TimeValue(times);

    /// <summary>The images that are joined to the states, or null.</summary>
    internal Feed? Images(IReadOnlyList<Feed> feeds) => feeds.FirstOrDefault(f => f.Input == signature.Sample.Name);

    /// <summary>States on the processor, as the network takes them.</summary>
    internal OrtValue State(float[] states, int batch, IReadOnlyList<Feed> feeds) => Images(feeds) is { } images ? Joined(states, images)
        : signature.Sample.Create(signature.Packed ? LatentPacking.Pack(states, shape) : states, Layout.InputShape(batch));

    /// <summary>Room on the device for states and outputs.</summary>
    internal DeviceBuffers Buffers(DeviceOptions device) => new(session, device);

    // [B, C + C', H, W]: each state, then its image.
    private OrtValue Joined(float[] states, Feed images)
    {
        if (images.Shape is not [var rows, var more, var height, var width] || height != shape.Height || width != shape.Width)
        {
            throw new ProblemException($"The images of this model have the shape [{string.Join(", ", images.Shape.Skip(1))}]; they are joined to states of [{shape.Channels}, {shape.Height}, {shape.Width}], so height and width must be those.");
        }

        if (signature.Sample.Shape[1] is > 0 and var channels && channels != shape.Channels + more)
        {
            throw new ProblemException($"Input '{signature.Sample.Name}' of {signature.File} has {channels} channels; states have {shape.Channels}, and the images {more}.");
        }

        var (own, theirs) = (shape.Size, images.Data.Length / (int)rows);
        var joined = new float[states.Length + images.Data.Length];
        for (var i = 0; i < rows; i++)
        {
            states.AsSpan(i * own, own).CopyTo(joined.AsSpan(i * (own + theirs)));
            images.Data.AsSpan(i * theirs, theirs).CopyTo(joined.AsSpan((i * (own + theirs)) + own));
        }

        return signature.Sample.Create(joined, [rows, shape.Channels + more, height, width]);
    }

    private List<(string Name, OrtValue Value)> Conditions(IReadOnlyList<Feed> feeds)
    {
        var inputs = feeds.Where(f => f.Input != signature.Sample.Name).Select(f => (f.Input, signature.Value(f))).ToList();
        if (gateInput is not null)
        {
            var keep = gates ?? throw new InvalidOperationException("A gated network runs with its gates set.");
            inputs.Add((gateInput, OrtValue.CreateTensorValueFromMemory(keep, [keep.Length])));
        }

        return inputs;
    }

    public void Dispose()
    {
        if (gates is null)
        {
            session.Dispose();
        }
    }
}
