using BatchEval.Cli.Results;
using BatchEval.Onnx.Benchmarks;
using BatchEval.Onnx.Runtime;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval benchmark</c>: how fast a network runs on a device, and what it takes there.</summary>
internal sealed class BenchmarkCommand(Shell shell)
{
    private static readonly Dictionary<string, Measure> Measures = new(StringComparer.Ordinal)
    {
        ["calls"] = Measure.Calls, ["bound"] = Measure.Bound, ["engine"] = Measure.Engine, ["device-loop"] = Measure.DeviceLoop,
    };

    private static readonly Dictionary<string, WeightSharing> Sharing = new(StringComparer.Ordinal)
    {
        ["none"] = WeightSharing.None, ["host"] = WeightSharing.Host, ["device"] = WeightSharing.Device,
    };

    private readonly Option<string> model = CommonOptions.Model();
    private readonly Option<string> measure = new("--measure")
    {
        Description = "What to time, with commas: calls (values on the processor), bound (values stay on the device), engine (sampling loops of the engine), device-loop (loops that stay on the device).",
        HelpName = "list", DefaultValueFactory = _ => "calls,bound",
    };

    private readonly Option<string> batch = new("--batch") { Description = "Samples per call, with commas.", HelpName = "list", DefaultValueFactory = _ => "1,16,64" };
    private readonly Option<double> seconds = new("--seconds") { Description = "How long each row is timed, after two calls to warm up.", HelpName = "s", DefaultValueFactory = _ => 2 };
    private readonly Option<int?> calls = new("--calls") { Description = "Fewest timed calls of each row, however long they take. Default: 3.", HelpName = "n" };
    private readonly Option<int?> steps = new("--steps") { Description = "DDIM steps of a sampling loop. Default: 10.", HelpName = "n" };
    private readonly Option<int?> threads = new("--threads") { Description = "Threads inside one call on cpu. Default: 1.", HelpName = "n" };
    private readonly Option<bool> gated = new("--gated") { Description = "Put the blocks behind gates, all open, as a search over blocks does." };
    private readonly Option<bool> exact = new("--no-tf32") { Description = "On cuda, keep single precision inside products instead of rounding to TF32." };
    private readonly Option<bool> graph = new("--cuda-graph") { Description = "Record the kernels of bound calls as a CUDA graph and replay them." };
    private readonly Option<bool> profile = new("--profile") { Description = "Also run a few calls under ONNX Runtime's profiler: operators by provider, copies between device and processor, branches." };
    private readonly Option<string?> memory = new("--memory") { Description = "Also open two sessions and read the memory in use, with weights shared as listed: none, host, device.", HelpName = "list" };
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<bool> json = CommonOptions.Json();

    public static Command Create(Shell shell)
    {
        var self = new BenchmarkCommand(shell);
        foreach (var option in new[] { self.calls, self.steps, self.threads })
        {
            CommonOptions.AtLeast(option, 1);
        }

        var command = new Command("benchmark", "Time a model's network on a device, call by call and in whole sampling loops.")
        {
            self.model, self.measure, self.batch, self.seconds, self.calls, self.steps, self.threads, self.gated, self.exact, self.graph, self.profile,
            self.memory, self.device, self.json,
        };
        command.SetAction((parsed, cancellation) => Task.FromResult(self.Run(parsed, cancellation)));
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancellation)
    {
        var measures = Named("--measure", parsed.GetRequiredValue(measure), Measures);
        var batches = Batches(parsed.GetRequiredValue(batch));
        var shared = parsed.GetValue(memory) is { } list ? Named("--memory", list, Sharing) : [];
        var limit = parsed.GetValue(seconds);
        if (limit is not (>= 0 and <= 3600))
        {
            throw new ProblemException($"--seconds is {limit.ToString(CultureInfo.InvariantCulture)}; allowed: 0 to 3600.");
        }

        var package = ModelPackage.Open(shell.PathOf(parsed.GetRequiredValue(model)));
        var where = new DeviceOptions(parsed.GetRequiredValue(device), parsed.GetValue(threads) ?? 1) { AllowTf32 = !parsed.GetValue(exact), CudaGraph = parsed.GetValue(graph) };
        var options = new BenchmarkOptions(measures, batches, limit, parsed.GetValue(calls) ?? 3, parsed.GetValue(steps) ?? 10, parsed.GetValue(gated));
        using var benchmark = new NetworkBenchmark(package, where, options, shell.Time);
        var document = new BenchmarkDocument(package, where, options, benchmark);
        var timings = document.Time(benchmark.Run(cancellation), line => shell.Error.WriteLine(line));
        if (parsed.GetValue(profile))
        {
            document.Profile();
        }

        foreach (var sharing in shared)
        {
            document.Memory(sharing);
        }

        document.Show(new Output(shell, parsed.GetValue(json)));
        return timings.All(t => t.Failure is null) ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static List<T> Named<T>(string option, string list, Dictionary<string, T> known) =>
    [
        .. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(name =>
            known.TryGetValue(name, out var value) ? value : throw new ProblemException($"{option} names '{name}'; allowed: {string.Join(", ", known.Keys)}.")),
    ];

    private static List<int> Batches(string list) =>
    [
        .. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(text =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size > 0
                ? size : throw new ProblemException($"--batch has '{text}'; allowed: whole numbers from 1, with commas between them.")),
    ];
}
