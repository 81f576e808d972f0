using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Sampling;

/// <summary>Sessions of solver steps on one device, one for all candidates that take alike steps. Safe to use from several threads.</summary>
internal sealed class StepSessions(DeviceOptions device) : IDisposable
{
    private readonly Dictionary<StepModel, InferenceSession> opened = [];
    private readonly Lock gate = new();

    public DeviceOptions Device => device;

    public InferenceSession Of(StepModel step)
    {
        lock (gate)
        {
            if (!opened.TryGetValue(step, out var session))
            {
                using var options = device.CreateSessionOptions();
                opened[step] = session = new InferenceSession(step.Build(), options);
            }

            return session;
        }
    }

    public void Dispose() => opened.Values.ToList().ForEach(s => s.Dispose());
}
