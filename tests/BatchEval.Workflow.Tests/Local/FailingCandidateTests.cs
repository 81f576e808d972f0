using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Graph.Proto;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;
using Google.Protobuf;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>Networks that return NaN, or stop with an error, above t = 700: their candidates fail by name, and the run goes on.</summary>
public sealed class FailingCandidateTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("batcheval-nan-").FullName;

    [Fact]
    public async Task Candidates_with_a_network_output_that_is_not_finite_fail_and_the_generation_goes_on()
    {
        using var models = CreateModels();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var run = await TinyRun.RunAsync(store, models, overrides: ["model=nan", "reference.samples=0", "name=nan"]);
        var leaderboard = await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"));
        leaderboard.Best.ShouldNotBeNull().Failure.ShouldBeNull();
        leaderboard.Baselines.Single(b => b.Name == "trailing").Failure.ShouldNotBeNull().ShouldContain("not finite at step 0 (t = 999)");
        leaderboard.Ranked()[^1].Objective.ShouldBe(double.PositiveInfinity);
        (await store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).State.ShouldBe("finished");
    }

    [Fact]
    public async Task A_failure_of_the_machine_is_no_result_fails_the_unit_by_name()
    {
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        using (var models = CreateModels(OutOfBounds()))
        {
            var error = await Should.ThrowAsync<NetworkFailedException>(() => TinyRun.RunAsync(store, models, overrides: ["model=nan", "reference.samples=0", "name=error"]));
            error.Message.ShouldContain("Candidate ", customMessage: error.ToString());
            error.Message.ShouldContain("unet.onnx failed on a batch of");
        }

        // Neither the failing candidate nor its neighbours in the unit have left a failure behind.
        var results = (await store.ListAsync(BlobNames.ShardRoot)).Where(b => b.Name.EndsWith("result.json", StringComparison.Ordinal)).ToList();
        foreach (var (name, _) in results)
        {
            (await store.RequireJsonAsync<ShardResult>(name)).Failure?.ShouldNotContain("failed on a batch");
        }
    }

    // The network fails on more than three samples at once, and not for want of memory, so that the batch is not halved.
    [Fact]
    public async Task What_a_machine_could_not_compute_is_computed_by_the_next_start_where_it_can()
    {
        var store = new RunStore(new BlobContainerClient(azurite.ConnectionString, "next-start"));
        await new BlobContainerClient(azurite.ConnectionString, "next-start").CreateIfNotExistsAsync();
        using var models = CreateModels(SmallBatches());
        string[] common = ["model=nan", "reference.samples=0"];
        var error = await Should.ThrowAsync<NetworkFailedException>(() => TinyRun.RunAsync(store, models, overrides: [.. common, "name=large"]));
        error.Message.ShouldContain("unet.onnx failed on a batch of 16");

        var run = await TinyRun.RunAsync(store, models, overrides: [.. common, "name=small", "execution.batchSize=3"]);
        (await store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).State.ShouldBe(RunStates.Finished);
        (await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"))).Ranked().ShouldAllBe(s => s.Failure == null);
    }

    // Only the denoiser's failures were those of the machine; the feature network's ended the run at once as if its input were bad.
    [Fact]
    public async Task A_failure_of_the_feature_network_is_one_of_the_machine_too()
    {
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        using var models = CreateModels(SmallBatches());
        File.WriteAllBytes(Path.Combine(root, "nan", "features.onnx"), FailingFeatures().ToByteArray());
        var error = await Should.ThrowAsync<NetworkFailedException>(() => TinyRun.RunAsync(store, models, overrides: ["model=nan", "reference.samples=0", "name=features", "execution.batchSize=3"]));
        error.Message.ShouldMatch("^Candidate [0-9a-f]+ could not be measured: features.onnx failed on a batch of ");
    }

    // Answered 500 with a stack trace.
    [Fact]
    public void A_preview_of_a_candidate_that_fails_says_why()
    {
        using var models = CreateModels();
        var model = models.Open(models.Find("nan"));
        var (sheet, failure) = CandidatePreview.Compute(model, new EvaluationSetting(1, Conditions.None, "cpu"), Candidate.At("ddim", [999, 500]), default);
        sheet.ShouldBeNull();
        failure.ShouldNotBeNull().ShouldContain("not finite at step 0 (t = 999)");
    }

    [Fact]
    public void Out_of_memory_is_told_from_other_failures()
    {
        NetworkFailedException.IsOutOfMemory(new NetworkFailedException("unet.onnx failed on a batch of 64: CUDA failure 2: out of memory")).ShouldBeTrue();
        NetworkFailedException.IsOutOfMemory(new NetworkFailedException("unet.onnx failed on a batch of 64: Failed to allocate memory for requested buffer of size 1")).ShouldBeTrue();
        NetworkFailedException.IsOutOfMemory(new NetworkFailedException("unet.onnx failed on a batch of 64: indices element out of data bounds")).ShouldBeFalse();
        NetworkFailedException.IsOutOfMemory(new OutOfMemoryException()).ShouldBeTrue();
    }

    [Fact]
    public async Task A_reference_that_is_not_finite_ends_the_run_by_name()
    {
        using var models = CreateModels();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var error = await Should.ThrowAsync<InvalidOperationException>(() => TinyRun.RunAsync(store, models, overrides: ["model=nan", "name=nan-reference"]));
        error.Message.ShouldContain("The unaccelerated sampler failed, so nothing can be compared with it: The network output is not finite");
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    private ModelHost CreateModels(ModelProto? network = null)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, "nan")).FullName;
        var digits = Path.Combine(RepoPaths.Samples, "digits");
        foreach (var file in new[] { "features.onnx", "perceptual.onnx", "ref_stats.npz", "data.npy" })
        {
            File.Copy(Path.Combine(digits, file), Path.Combine(folder, file), overwrite: true);
        }

        var manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(digits, "model.json")))!.AsObject();
        manifest["denoiser"]!["inputs"]!.AsObject().Remove("labels");
        manifest.Remove("labels");
        manifest.Remove("data");
        manifest.Remove("digests");
        File.WriteAllText(Path.Combine(folder, "model.json"), manifest.ToJsonString());
        File.WriteAllBytes(Path.Combine(folder, "unet.onnx"), (network ?? NotANumber()).ToByteArray());
        return new ModelHost(new DeviceOptions(), [root]);
    }

    // eps = sample * sqrt(700 - t)
    private static ModelProto NotANumber()
    {
        var graph = new GraphProto { Name = "nan" };
        graph.Initializer.Add(new TensorProto { Name = "limit", DataType = 1, FloatData = { 700f } });
        graph.Initializer.Add(new TensorProto { Name = "shape", DataType = 7, Dims = { 4 }, Int64Data = { -1, 1, 1, 1 } });
        graph.Node.Add(new NodeProto { OpType = "Sub", Input = { "limit", "timestep" }, Output = { "left" } });
        graph.Node.Add(new NodeProto { OpType = "Sqrt", Input = { "left" }, Output = { "root" } });
        return Finish(graph);
    }

    // eps = sample * table[t] with a table of 701 entries
    private static ModelProto OutOfBounds()
    {
        var graph = new GraphProto { Name = "bounds" };
        graph.Initializer.Add(new TensorProto { Name = "table", DataType = 1, Dims = { 701 }, FloatData = { Enumerable.Repeat(0.9f, 701) } });
        graph.Initializer.Add(new TensorProto { Name = "shape", DataType = 7, Dims = { 4 }, Int64Data = { -1, 1, 1, 1 } });
        graph.Node.Add(new NodeProto { OpType = "Cast", Input = { "timestep" }, Output = { "index" }, Attribute = { new AttributeProto { Name = "to", I = 7, Type = AttributeProto.Types.AttributeType.Int } } });
        graph.Node.Add(new NodeProto { OpType = "Gather", Input = { "table", "index" }, Output = { "root" } });
        return Finish(graph);
    }

    // eps = sample * table[batch] with a table of four entries
    private static ModelProto SmallBatches()
    {
        var graph = new GraphProto { Name = "batches" };
        graph.Initializer.Add(new TensorProto { Name = "table", DataType = 1, Dims = { 4 }, FloatData = { Enumerable.Repeat(0.9f, 4) } });
        graph.Initializer.Add(new TensorProto { Name = "shape", DataType = 7, Dims = { 4 }, Int64Data = { 1, 1, 1, 1 } });
        graph.Initializer.Add(new TensorProto { Name = "first", DataType = 7, Dims = { 1 }, Int64Data = { 0 } });
        graph.Node.Add(new NodeProto { OpType = "Shape", Input = { "timestep" }, Output = { "lengths" } });
        graph.Node.Add(new NodeProto { OpType = "Gather", Input = { "lengths", "first" }, Output = { "batch" } });
        graph.Node.Add(new NodeProto { OpType = "Gather", Input = { "table", "batch" }, Output = { "root" } });
        return Finish(graph);
    }

    // An index that is never there, for the bundled model's feature network.
    private static ModelProto FailingFeatures()
    {
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(RepoPaths.Samples, "digits", "features.onnx")));
        var last = model.Graph.Node.Single(n => n.Output.Contains("features"));
        last.Output[last.Output.IndexOf("features")] = "before";
        model.Graph.Initializer.Add(new TensorProto { Name = "beyond", DataType = 7, Dims = { 64 }, Int64Data = { Enumerable.Repeat(999L, 64) } });
        model.Graph.Node.Insert(model.Graph.Node.IndexOf(last) + 1, new NodeProto { OpType = "Gather", Input = { "before", "beyond" }, Output = { "features" }, Attribute = { new AttributeProto { Name = "axis", I = 1, Type = AttributeProto.Types.AttributeType.Int } } });
        return model;
    }

    private static ModelProto Finish(GraphProto graph)
    {
        graph.Node.Add(new NodeProto { OpType = "Reshape", Input = { "root", "shape" }, Output = { "scale" } });
        graph.Node.Add(new NodeProto { OpType = "Mul", Input = { "sample", "scale" }, Output = { "eps" } });
        graph.Input.Add(Value("sample", 0, 1, 16, 16));
        graph.Input.Add(Value("timestep", 0));
        graph.Output.Add(Value("eps", 0, 1, 16, 16));
        return new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Domain = string.Empty, Version = 17 } } };
    }

    private static ValueInfoProto Value(string name, params long[] shape)
    {
        var dimensions = new TensorShapeProto();
        dimensions.Dim.AddRange(shape.Select(s => s == 0 ? new TensorShapeProto.Types.Dimension { DimParam = "batch" } : new TensorShapeProto.Types.Dimension { DimValue = s }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1, Shape = dimensions } } };
    }
}
