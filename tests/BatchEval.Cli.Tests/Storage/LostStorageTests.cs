using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using BatchEval.Cli.Storage;
using BatchEval.Cli.Tests.Commands;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Tests.Storage;

/// <summary>The storage that the program started itself dies, or is not where it should be.</summary>
public sealed class LostStorageTests : IDisposable
{
    private static readonly string Script = Path.Combine(BatchEval.Tests.Shared.RepoPaths.NodeModules, "azurite", "dist", "src", "blob", "main.js");
    private readonly TestShell shell = new();

    public LostStorageTests() => shell.With("BATCHEVAL_DATA", shell.PathOf("data"));

    [Fact]
    public async Task A_run_whose_storage_is_killed_goes_on_to_the_same_result()
    {
        shell.Write("spec.json", SmallRun.Specification("lost"));
        var killing = Task.CompletedTask;
        shell.OnMessage = line =>
        {
            if (line.StartsWith("Starting run ", StringComparison.Ordinal))
            {
                killing = KillAfterAsync(BlobNames.Scores(line.Split(' ')[2], 1));
            }
        };
        var spec = new[] { "run", "spec.json", "--set", "search.generations=6", "--set", "execution.unitEvaluations=40", "--set", "execution.cellSamples=10" };
        var run = (await shell.RunAsync([.. spec, "--out", "disturbed"])).ShouldSucceed();
        await killing;
        shell.OnMessage = null;
        shell.With("BATCHEVAL_DATA", shell.PathOf("other"));
        (await shell.RunAsync([.. spec, "--out", "undisturbed"])).ShouldSucceed();

        run.Error.ShouldContain("The local storage (Azurite) has ended; it is started again");
        foreach (var file in new[] { "leaderboard.json", "leaderboard.csv", "best/schedule.json" })
        {
            (await File.ReadAllBytesAsync(shell.PathOf($"disturbed/{file}"))).ShouldBe(await File.ReadAllBytesAsync(shell.PathOf($"undisturbed/{file}")), file);
        }
    }

    [Fact]
    public async Task What_is_printed_names_the_folder_and_no_address_that_ends_with_the_command()
    {
        shell.Write("spec.json", SmallRun.Specification("place"));
        var run = (await shell.RunAsync("run", "spec.json")).ShouldSucceed();
        var runs = (await shell.RunAsync("runs")).ShouldSucceed();
        var show = (await shell.RunAsync("show", "latest", "--json")).ShouldSucceed();

        run.Out.ShouldContain($"Store:    {shell.PathOf("data")} (look again: batcheval show place-");
        run.Out.ShouldContain("batcheval serve");
        runs.Out.ShouldContain($"1 in {shell.PathOf("data")}");
        show.Json["store"]!.GetValue<string>().ShouldBe(shell.PathOf("data"));
        (await shell.RunAsync("show", "nobody")).ShouldBeRefused($"no run 'nobody' in {shell.PathOf("data")}");
        (run.Out + run.Error + runs.Out + show.Out).ShouldNotContain("127.0.0.1");
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_made_is_named_with_what_to_do()
    {
        await File.WriteAllTextAsync(shell.PathOf("data"), "a file");

        (await shell.RunAsync("runs")).ShouldBeRefused($"The folder '{shell.PathOf("data")}' of the local storage cannot be made", "BATCHEVAL_DATA");
    }

    [Fact]
    public async Task Spaces_quotes_and_Unicode_in_every_path_make_no_difference()
    {
        const string strange = "ein Ördner ✓ '$x' 数";
        shell.With("BATCHEVAL_DATA", shell.PathOf($"{strange}/data"));
        Directory.CreateDirectory(shell.PathOf(strange));
        Directory.CreateSymbolicLink(shell.PathOf($"{strange}/digits ß"), TestShell.Digits);
        shell.Write($"{strange}/spec ü.json", SmallRun.Specification("strange"));

        var run = (await shell.RunAsync("run", $"{strange}/spec ü.json", "--set", "model=digits ß", "--out", $"{strange}/out ñ")).ShouldSucceed();

        run.Out.ShouldContain($"Store:    {shell.PathOf($"{strange}/data")} ");
        File.Exists(shell.PathOf($"{strange}/out ñ/report.html")).ShouldBeTrue();
    }

    [Fact]
    public async Task Serve_goes_on_with_a_run_whose_storage_is_killed_as_soon_as_it_begins()
    {
        var (killed, finished) = (0, new TaskCompletionSource());
        shell.OnMessage = line =>
        {
            if (line.EndsWith("begins.", StringComparison.Ordinal) && Interlocked.Exchange(ref killed, 1) == 0)
            {
                // What it has not saved yet, the run's specification among it, is gone.
                Process.GetProcessById(AzuriteRecord.Read(shell.PathOf("data"))!.Pid).Kill();
            }

            if (line.Contains("has finished", StringComparison.Ordinal) || line.StartsWith("error", StringComparison.Ordinal))
            {
                finished.TrySetResult();
            }
        };
        using var end = new CancellationTokenSource();
        var serving = shell.RunAsync(["serve", "--port", Port(), "--models", BatchEval.Tests.Shared.RepoPaths.Samples], end.Token);
        await PostAsync(SmallRun.Specification("kept").Replace(System.Text.Json.JsonSerializer.Serialize(TestShell.Digits), "\"digits\"", StringComparison.Ordinal));

        await finished.Task.WaitAsync(TimeSpan.FromMinutes(3));
        await end.CancelAsync();
        var result = await serving;

        result.ShouldSucceed().Error.ShouldContain("The local storage (Azurite) has ended; it is started again");
        result.Error.ShouldContain("has finished");
        result.Error.ShouldNotContain("error:");
    }

    [Fact]
    public async Task Serve_on_a_port_in_use_begins_no_run()
    {
        await using (var azurite = await LocalAzurite.EnterAsync(Script, shell.PathOf("data"), CancellationToken.None))
        {
            var store = await RunStore.OpenAsync(azurite.ConnectionString);
            await store.WriteJsonOnceAsync(BlobNames.Status("left-00000000"), new RunStatus("left-00000000", RunStates.Running, RunStage.Search, 1, EvaluationCounts.None, null, default, default, null));
        }

        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);

        var refused = await shell.RunAsync("serve", "--port", port);

        refused.Code.ShouldBe(ExitCodes.BadInput);
        refused.Error.ShouldContain("error: The port cannot be used");
        refused.Error.ShouldNotContain("left-00000000");
        (await shell.RunAsync("runs", "--json")).ShouldSucceed().Json["runs"]![0]!["state"]!.GetValue<string>().ShouldBe("running");
    }

    public void Dispose() => shell.Dispose();

    // In the midst of the run: as soon as a blob is there.
    private async Task KillAfterAsync(string blob)
    {
        await using (var other = await LocalAzurite.EnterAsync(Script, shell.PathOf("data"), CancellationToken.None))
        {
            var store = await RunStore.OpenAsync(other.ConnectionString);
            while (!await store.ExistsAsync(blob))
            {
                await Task.Delay(10);
            }
        }

        Process.GetProcessById(AzuriteRecord.Read(shell.PathOf("data"))!.Pid).Kill();
    }

    private int port;

    private string Port()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        port = ((IPEndPoint)listener.LocalEndpoint).Port;
        return port.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    // Once the server listens.
    private async Task PostAsync(string specification)
    {
        using var client = new HttpClient();
        for (var clock = Stopwatch.StartNew(); ;)
        {
            try
            {
                using var content = new StringContent(specification, System.Text.Encoding.UTF8, "application/json");
                using var answer = await client.PostAsync(new Uri($"http://127.0.0.1:{port}/api/runs"), content);
                answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
                return;
            }
            catch (HttpRequestException) when (clock.Elapsed < TimeSpan.FromMinutes(1))
            {
                await Task.Delay(50);
            }
        }
    }
}
