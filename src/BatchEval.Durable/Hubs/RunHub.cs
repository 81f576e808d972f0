using BatchEval.Onnx.Runtime;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Storage;

namespace BatchEval.Durable.Hubs;

/// <summary>
/// The task hub of a run: which workers can work on it. All work items of a hub lie in one queue, so every worker of it must be able to do all
/// of them; a hub therefore belongs to one version of the code, one kind of device and one model, and a worker joins those that it can serve.
/// </summary>
/// <param name="CodeVersion">Version of the code that computes results.</param>
/// <param name="Device">Kind of device, for example <c>cpu</c> or <c>cuda</c>.</param>
public sealed record RunHub(int CodeVersion, string Device, string Model, string Digest)
{
    /// <summary>Name of the hub: letters and digits, which all services of a storage account allow.</summary>
    public string Name => $"batcheval{CodeVersion}{Device}{Digest[..16]}";

    /// <summary>The hub of this version of the code for a device and a model.</summary>
    /// <param name="device">Device, for example <c>cuda:0</c>.</param>
    public static RunHub Here(string device, string model, string digest) => new(Shard.CodeVersion, DeviceOptions.KindOf(device), model, digest);

    /// <summary>The hub that a run was submitted to, or null.</summary>
    public static Task<RunHub?> OfAsync(RunStore store, string run, CancellationToken cancellation) =>
        store.ReadJsonAsync<RunHub>(BlobNames.Hub(run), cancellation);

    /// <summary>Why a worker cannot work on the run, in words that go on "the worker ...", or null when it can.</summary>
    public string? Refusal(WorkerRecord worker)
    {
        if (worker.CodeVersion != CodeVersion)
        {
            return $"has version {worker.CodeVersion} of the code; the run needs version {CodeVersion}";
        }

        if (worker.Device != Device)
        {
            return $"computes on {worker.Device}; the run needs {Device}";
        }

        return worker.Models.Any(m => m.Digest == Digest) ? null
            : worker.Models.Any(m => m.Name == Model) ? $"has another version of the model '{Model}'; the run needs the one with digest {Digest[..12]}"
            : $"does not have the model '{Model}' (digest {Digest[..12]})";
    }
}
