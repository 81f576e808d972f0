using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Workflow.Exports;

/// <summary>The networks that a winner which drops blocks is handed over with.</summary>
public static class PrunedNetworks
{
    /// <summary>The export of a candidate, or null where it runs the whole network at every step.</summary>
    public static PrunedExport? Of(SamplingModel model, Candidate candidate) =>
        model.Networks is BlockNetworks networks && candidate.Steps.Any(s => s.Drop.Count > 0) ? new PrunedExport(networks.Graph, model.Manifest, candidate) : null;

    public static byte[] Content(ExportedFile file)
    {
        using var content = new MemoryStream();
        file.Write(content);
        return content.ToArray();
    }
}
