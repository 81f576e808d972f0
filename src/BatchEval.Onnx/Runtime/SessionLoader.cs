using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Runtime;

/// <summary>Opens ONNX files and turns the runtime's failures into words for people.</summary>
public static class SessionLoader
{
    /// <summary>Opens a network.</summary>
    /// <param name="path">The ONNX file.</param>
    /// <param name="configure">Changes the session's options, or null.</param>
    /// <exception cref="ProblemException">The file is missing, is no ONNX model, or the device is not available.</exception>
    /// <exception cref="NetworkFailedException">Memory ran out.</exception>
    public static InferenceSession Open(string path, DeviceOptions device, Action<SessionOptions>? configure = null)
    {
        if (!File.Exists(path))
        {
            throw new ProblemException($"The model file '{path}' does not exist.");
        }

        try
        {
            using var options = device.CreateSessionOptions();
            configure?.Invoke(options);
            return new InferenceSession(path, options);
        }
        catch (OnnxRuntimeException error) when (NetworkFailedException.IsOutOfMemory(error))
        {
            throw new NetworkFailedException($"'{path}' could not be loaded on {device.Device}: {Reason(error)}", error);
        }
        catch (OnnxRuntimeException error)
        {
            throw new ProblemException($"'{path}' could not be loaded as an ONNX model on {device.Device}: {Reason(error)}");
        }
    }

    /// <summary>What the runtime says, on one line, without its error code.</summary>
    internal static string Reason(Exception error)
    {
        var text = ErrorText.Of(error);
        return text.StartsWith("[ErrorCode:", StringComparison.Ordinal) ? text[(text.IndexOf(']', StringComparison.Ordinal) + 1)..].TrimStart() : text;
    }
}
