using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Graph.Proto;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Blocks;

/// <summary>Opens sessions on models that exist in memory only; external weights are read from the original file's folder.</summary>
internal static class GraphSession
{
    private const string ExternalFolder = "session.model_external_initializers_file_folder_path";

    /// <exception cref="ProblemException">ONNX Runtime refuses the model.</exception>
    public static InferenceSession Open(ModelProto model, OnnxModel origin, DeviceOptions device, SharedWeights? shared = null, Action<SessionOptions>? configure = null)
    {
        using var options = device.CreateSessionOptions();
        configure?.Invoke(options);
        var (bytes, folder) = LinkedWeights.Resolve(model, origin.Folder);
        if (origin.HasExternalWeights)
        {
            options.AddSessionConfigEntry(ExternalFolder, folder);
        }

        try
        {
            if (shared is null)
            {
                return new InferenceSession(bytes, options);
            }

            shared.AddTo(options, model);
            return new InferenceSession(bytes, options, shared.Packed);
        }
        catch (OnnxRuntimeException error) when (!NetworkFailedException.IsOutOfMemory(error))
        {
            throw new ProblemException($"{origin.FileName} cannot be loaded without some of its blocks: {SessionLoader.Reason(error)}");
        }
    }
}
