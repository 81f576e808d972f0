using Microsoft.ML.OnnxRuntime.Tensors;

namespace BatchEval.Onnx.Networks;

/// <summary>How a denoising network's states and outputs lie in memory.</summary>
/// <param name="State">Element type of states.</param>
/// <param name="Output">Element type of outputs.</param>
/// <param name="OutputChannels">Channels of outputs: those of the state, or twice as many where variances follow.</param>
/// <param name="Packed">Whether both are tokens, see <see cref="LatentPacking"/>.</param>
internal sealed record NetworkLayout(TensorElementType State, TensorElementType Output, int OutputChannels, bool Packed, SampleEntry Sample)
{
    /// <summary>Shape of what the network takes.</summary>
    /// <param name="images">Channels of the images behind each state.</param>
    public long[] InputShape(int batch, int images = 0) => Shape(batch, Sample.Channels + images);

    public long[] OutputShape(int batch) => Shape(batch, OutputChannels);

    private long[] Shape(int batch, int channels) => Packed ? [batch, LatentPacking.Tokens(Sample), 4 * channels] : [batch, channels, Sample.Height, Sample.Width];
}
