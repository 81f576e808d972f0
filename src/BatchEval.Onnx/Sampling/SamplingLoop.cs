namespace BatchEval.Onnx.Sampling;

/// <summary>Where states lie between network calls. The two differ in the last bits.</summary>
public enum SamplingLoop
{
    /// <summary>On the processor, where candidates share evaluations.</summary>
    Host,

    /// <summary>Where the network runs; candidates with a skip policy take the host's loop nevertheless.</summary>
    Device,
}
