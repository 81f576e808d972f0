using BatchEval.Onnx.Runtime;

namespace BatchEval.Workflow.Models;

/// <summary>A run's <c>model.json</c>: what it found out about the model before it began.</summary>
/// <param name="Provenance">Where weights and data come from.</param>
/// <param name="FeatureNetwork">Feature network and preprocessing of all distribution scores.</param>
/// <param name="Device">Kind of device that all of the run is computed on; null in runs of earlier versions, which did not keep it.</param>
public sealed record ModelRecord(string Name, string Digest, string Description, string Provenance, string? FeatureNetwork, string? Device = null)
{
    /// <summary>Refuses to compute a run on another kind of device than it began on: arithmetic differs in the last bits, and so do the keys of results.</summary>
    /// <param name="device">Device, for example <c>cuda:0</c>.</param>
    /// <exception cref="ProblemException">It is another kind.</exception>
    public static async Task RequireDeviceAsync(RunStore store, string runId, string device, CancellationToken cancellation = default)
    {
        if (await store.ReadJsonAsync<ModelRecord>(BlobNames.Model(runId), cancellation) is { Device: { } own } && own != DeviceOptions.KindOf(device))
        {
            throw new ProblemException($"Run '{runId}' began on {own} and cannot go on on {DeviceOptions.KindOf(device)}: use --device {own}, or start it under another name (--set name=...).");
        }
    }
}
