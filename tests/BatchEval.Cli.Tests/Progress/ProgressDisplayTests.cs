using Azure.Storage.Blobs;
using BatchEval.Cli.Progress;
using BatchEval.Cli.Terminal;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Tests.Progress;

/// <summary>A storage that the client has given up on ended the display, and with it the run was marked as failed while it went on.</summary>
public sealed class ProgressDisplayTests
{
    [Fact]
    public async Task A_storage_that_does_not_answer_does_not_end_the_display()
    {
        var options = new BlobClientOptions();
        (options.Retry.MaxRetries, options.Retry.Delay) = (1, TimeSpan.FromMilliseconds(1));
        var store = new RunStore(new BlobContainerClient(new Uri("http://127.0.0.1:9/account/runs"), options));
        using var models = new ModelHost(new DeviceOptions(), [RepoPaths.Samples]);
        using var error = new StringWriter();
        var shell = new Shell(TextWriter.Null, error, "/", _ => null, TimeProvider.System);
        var progress = new RunProgress("run-00000000", SpecificationJson.Read(Commands.SmallRun.Specification()), TimeProvider.System);
        var looked = Task.Delay(TimeSpan.FromSeconds(2.5));

        await new ProgressDisplay(shell, progress, store, models).FollowAsync(looked);

        progress.Best.ShouldBeNull();
    }
}
