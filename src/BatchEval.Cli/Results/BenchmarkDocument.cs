using BatchEval.Onnx.Benchmarks;
using BatchEval.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;
using Spectre.Console;

namespace BatchEval.Cli.Results;

/// <summary>Collects what a benchmark found and shows it, as a table or as JSON.</summary>
/// <param name="device">Where it ran.</param>
internal sealed class BenchmarkDocument(ModelPackage package, DeviceOptions device, BenchmarkOptions options, NetworkBenchmark benchmark)
{
    private const double Mebibyte = 1 << 20;
    private readonly JsonArray profiles = [];
    private readonly JsonArray memory = [];
    private readonly List<string> lines = [];
    private readonly List<Timing> timings = [];

    /// <summary>Takes the rows in as they come.</summary>
    /// <param name="report">Told of every row that failed.</param>
    public IReadOnlyList<Timing> Time(IEnumerable<Timing> rows, Action<string> report)
    {
        foreach (var row in rows)
        {
            timings.Add(row);
            if (row.Failure is { } failure)
            {
                report($"{Name(row.Measure)}, batch {row.Batch}: {failure}");
            }
        }

        return timings;
    }

    /// <summary>Profiles calls, copying and bound as far as they were asked for.</summary>
    public void Profile()
    {
        foreach (var measure in options.Measures.Where(m => m is Measure.Calls or Measure.Bound))
        {
            var p = benchmark.Profile(measure, options.Batches[0]);
            profiles.Add(new JsonObject
            {
                ["measure"] = Name(measure), ["nodes"] = new JsonObject(p.Nodes.Select(n => KeyValuePair.Create(n.Key, (JsonNode?)n.Value))),
                ["copies"] = p.Copies, ["branches"] = p.Branches, ["branchMilliseconds"] = p.BranchMilliseconds,
            });
            lines.Add($"{Name(measure)}: {string.Join(", ", p.Nodes.Select(n => $"{Number(n.Value, "0.#")} operators by {n.Key}"))}; "
                + $"{Number(p.Copies, "0.#")} copies between device and processor, {Number(p.Branches, "0.#")} branches per call.");
        }
    }

    /// <summary>Reads the memory of two sessions.</summary>
    public void Memory(WeightSharing sharing)
    {
        var name = sharing switch { WeightSharing.Host => "host", WeightSharing.Device => "device", _ => "none" };
        var readings = SessionMemory.Measure(package, device, sharing);
        memory.Add(new JsonObject
        {
            ["sharing"] = name,
            ["readings"] = new JsonArray([.. readings.Select(r => new JsonObject { ["when"] = r.When, ["mebibytes"] = r.Bytes / Mebibyte, ["failure"] = r.Failure })]),
        });
        lines.Add($"Memory, weights shared: {name}: " + string.Join(", ", readings.Select(r => r.Failure ?? $"{r.When} {(r.Bytes is { } b ? Number(b / Mebibyte, "0") : "?")} MiB")) + ".");
    }

    public void Show(Output output)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("measure").NoWrap());
        foreach (var name in new[] { "batch", "calls", "ms, median", "ms, fastest", "samples per second" })
        {
            table.AddColumn(new TableColumn(name).RightAligned().NoWrap());
        }

        foreach (var t in timings)
        {
            table.AddRow(t.Failure is null
                ? [Name(t.Measure), Number(t.Batch, "0"), Number(t.Calls, "0"), Number(t.Milliseconds, "0.000"), Number(t.Fastest, "0.000"), Number(t.PerSecond, "0.0")]
                : [Name(t.Measure), Number(t.Batch, "0"), "-", "-", "-", "failed"]);
        }

        output.Json(Json());
        output.Draw(table);
        lines.ForEach(output.Line);
        output.Line($"{package.Manifest.Name} on {device.Device}, {device.Threads} thread{(device.Threads == 1 ? string.Empty : "s")}; {Clock}. Loops: {options.Steps} steps of DDIM.");
    }

    private string Clock => benchmark.ProcessorTime ? "processor time" : "wall clock";

    private JsonObject Json() => new()
    {
        ["model"] = package.Manifest.Name,
        ["device"] = device.Device,
        ["threads"] = device.Threads,
        ["tf32"] = device.CudaIndex is null ? null : device.AllowTf32,
        ["cudaGraph"] = device.CudaGraph,
        ["gated"] = options.Gated,
        ["clock"] = Clock,
        ["runtime"] = OrtEnv.Instance().GetVersionString(),
        ["openMilliseconds"] = benchmark.OpenMilliseconds,
        ["timings"] = new JsonArray([.. timings.Select(t => new JsonObject
        {
            ["measure"] = Name(t.Measure), ["batch"] = t.Batch, ["calls"] = t.Calls, ["milliseconds"] = t.Milliseconds, ["fastest"] = t.Fastest,
            ["perSecond"] = t.PerSecond, ["begun"] = Seconds(t.Begun), ["ended"] = Seconds(t.Ended), ["failure"] = t.Failure,
        })]),
        ["steps"] = new JsonArray([.. benchmark.Plan.Table.Rows.Select((row, r) => new JsonObject
        {
            ["time"] = row.Level.Time, ["fromState"] = benchmark.Plan.Data[r].FromState, ["fromNetwork"] = benchmark.Plan.Data[r].FromNetwork,
            ["state"] = row.Next.State, ["raw"] = row.Next.Raw, ["data"] = row.Next.Data.ElementAtOrDefault(0),
        })]),
        ["profiles"] = profiles,
        ["memory"] = memory,
    };

    private static string Name(Measure measure) => measure switch { Measure.Calls => "calls", Measure.Bound => "bound", Measure.Engine => "engine", _ => "device-loop" };

    private static double Seconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1e3;

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
