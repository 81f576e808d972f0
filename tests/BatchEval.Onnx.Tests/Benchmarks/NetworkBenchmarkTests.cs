using BatchEval.Core.Json;
using BatchEval.Onnx.Benchmarks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Benchmarks;

public sealed class NetworkBenchmarkTests(DigitsFixture digits) : IClassFixture<DigitsFixture>
{
    private static readonly DeviceOptions Cpu = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_measure_is_timed_at_every_batch(bool gated)
    {
        var options = new BenchmarkOptions(Enum.GetValues<Measure>(), [1, 2], Seconds: 0, Calls: 2, Steps: 2, gated);
        using var benchmark = new NetworkBenchmark(digits.Package, Cpu, options, TimeProvider.System);

        var rows = benchmark.Run().ToList();

        rows.Select(r => (r.Batch, r.Measure)).ShouldBe(options.Batches.SelectMany(b => options.Measures.Select(m => (b, m))));
        rows.ShouldAllBe(r => r.Failure == null && r.Calls == 2 && r.Fastest > 0 && r.Fastest <= r.Milliseconds && r.PerSecond > 0 && r.Ended >= r.Begun);
        benchmark.OpenMilliseconds.ShouldBePositive();
        benchmark.Plan.Table.Rows.Count.ShouldBe(2);
    }

    [Fact]
    public void A_row_that_fails_says_why_and_the_others_are_timed()
    {
        // The graph wants a context for every sample, and the package gives none.
        var package = ModelPackage.Open(Path.Combine(RepoPaths.Root, "tests", "Golden", "networks", "unet2d-condition"));
        var bare = package with { Manifest = package.Manifest with { Denoiser = package.Manifest.Denoiser with { ContextFile = null } } };
        using var benchmark = new NetworkBenchmark(bare, Cpu, new BenchmarkOptions([Measure.Calls, Measure.Bound], [1], 0, 1, 1), TimeProvider.System);

        var rows = benchmark.Run().ToList();

        rows.Count.ShouldBe(2);
        rows.ShouldAllBe(r => r.Failure != null && r.PerSecond == 0);
        rows[0].Failure!.ShouldContain("encoder_hidden_states");
    }

    [Fact]
    public void Interruption_ends_it()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        using var benchmark = new NetworkBenchmark(digits.Package, Cpu, new BenchmarkOptions([Measure.Calls], [1]), TimeProvider.System);
        Should.Throw<OperationCanceledException>(() => benchmark.Run(source.Token).ToList());
    }

    [Theory]
    [InlineData(Measure.Calls)]
    [InlineData(Measure.Bound)]
    public void The_profile_of_a_gated_network_counts_its_branches(Measure measure)
    {
        using var plain = new NetworkBenchmark(digits.Package, Cpu, new BenchmarkOptions([measure], [1]), TimeProvider.System);
        using var gated = new NetworkBenchmark(digits.Package, Cpu, new BenchmarkOptions([measure], [1], Gated: true), TimeProvider.System);

        plain.Profile(measure, 1).Branches.ShouldBe(0);
        var profile = gated.Profile(measure, 1);
        profile.Branches.ShouldBe(13, 1e-9);
        profile.BranchMilliseconds.ShouldBePositive();
        profile.Copies.ShouldBe(0);
        profile.Nodes.Keys.ShouldBe(["CPUExecutionProvider"]);
    }

    [Fact]
    public void A_cuda_graph_on_the_processor_is_refused() =>
        Should.Throw<ProblemException>(() => new NetworkBenchmark(digits.Package, Cpu with { CudaGraph = true }, new BenchmarkOptions([Measure.Bound], [1]), TimeProvider.System))
            .Message.ShouldContain("--device cuda --measure bound");

    [Theory]
    [InlineData(WeightSharing.None, "before")]
    [InlineData(WeightSharing.Host, "weights read")]
    [InlineData(WeightSharing.Device, "weights read")]
    public void Memory_is_read_before_and_after_each_session(WeightSharing sharing, string first)
    {
        var readings = SessionMemory.Measure(digits.Package, Cpu, sharing);
        readings.Select(r => r.When).ShouldBe([first, "session 1 opened", "session 1 called", "session 2 opened", "session 2 called"]);
        readings.ShouldAllBe(r => r.Failure == null && r.Bytes > 0);
    }

    [Fact]
    public void A_profile_of_a_gpu_tells_providers_and_copies_apart()
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, """
            [{"name":"session_initialization","dur":5,"args":{}},
             {"name":"a_kernel_time","dur":10,"args":{"op_name":"Conv","provider":"CUDAExecutionProvider"}},
             {"name":"a_kernel_time","dur":10,"args":{"op_name":"Conv","provider":"CUDAExecutionProvider"}},
             {"name":"a_fence_before","dur":1,"args":{"op_name":"Conv"}},
             {"name":"m_kernel_time","dur":3,"args":{"op_name":"MemcpyToHost","provider":"CUDAExecutionProvider"}},
             {"name":"m_kernel_time","dur":3,"args":{"op_name":"MemcpyToHost","provider":"CUDAExecutionProvider"}},
             {"name":"i_kernel_time","dur":2000,"args":{"op_name":"If","provider":"CPUExecutionProvider"}}]
            """);

        var profile = CallProfile.Read(path, calls: 2);

        File.Delete(path);
        profile.Nodes["CUDAExecutionProvider"].ShouldBe(2);
        profile.Nodes["CPUExecutionProvider"].ShouldBe(0.5);
        profile.Copies.ShouldBe(1);
        profile.Branches.ShouldBe(0.5);
        profile.BranchMilliseconds.ShouldBe(1);
    }
}
