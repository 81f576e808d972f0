using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Runtime;

/// <summary>
/// A call of a network with every input and output bound once: nothing is copied between the device and the processor when it runs again.
/// Not safe to use from several threads.
/// </summary>
internal sealed class BoundCall : IDisposable
{
    private readonly InferenceSession session;
    private readonly OrtIoBinding binding;
    private readonly RunOptions options = new();
    private readonly Dictionary<string, OrtValue> values = new(StringComparer.Ordinal);

    /// <summary>Begins with nothing bound.</summary>
    /// <param name="session">The network; must outlive the call.</param>
    public BoundCall(InferenceSession session)
    {
        this.session = session;
        binding = session.CreateIoBinding();
    }

    /// <summary>Binds an input; a value that lies elsewhere is copied to the device now, and only now.</summary>
    /// <param name="owned">Whether the value is disposed of with the call, or when another takes its place.</param>
    public void Input(string name, OrtValue value, bool owned = false)
    {
        binding.BindInput(name, value);
        if (values.Remove(name, out var before))
        {
            before.Dispose();
        }

        if (owned)
        {
            values.Add(name, value);
        }
    }

    /// <summary>Binds an output to room that exists.</summary>
    /// <param name="value">Where it goes.</param>
    public void Output(string name, OrtValue value) => binding.BindOutput(name, value);

    /// <summary>Runs the network; the outputs are complete when it returns.</summary>
    /// <exception cref="NetworkFailedException">The network fails.</exception>
    public void Run()
    {
        try
        {
            binding.SynchronizeBoundInputs();
            session.RunWithBinding(options, binding);
            binding.SynchronizeBoundOutputs();
        }
        catch (OnnxRuntimeException error)
        {
            throw new NetworkFailedException($"A call with bound values failed: {SessionLoader.Reason(error)}", error);
        }
    }

    public void Dispose()
    {
        binding.Dispose();
        options.Dispose();
        values.Values.ToList().ForEach(v => v.Dispose());
    }
}
