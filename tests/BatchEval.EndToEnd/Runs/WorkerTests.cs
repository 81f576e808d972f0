using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using BatchEval.Tests.Shared;

namespace BatchEval.EndToEnd.Runs;

/// <summary>Workers as processes of their own, on DurableTask.AzureStorage over Azurite.</summary>
public sealed partial class WorkerTests(AzuriteAccountFixture azurite) : IClassFixture<AzuriteAccountFixture>
{
    [Fact]
    public async Task A_run_whose_worker_is_killed_ends_in_the_bytes_of_a_local_run_and_computes_nothing_twice()
    {
        using var tool = new Tool();
        var spec = tool.Write("search.json", Specification);
        await using var first = await Worker.StartAsync(tool, azurite.ConnectionString, "--lease", "4");
        using var submitted = tool.Start("run", spec, "--on", azurite.ConnectionString, "--json");
        var (output, error) = (submitted.StandardOutput.ReadToEndAsync(), submitted.StandardError.ReadToEndAsync());
        await first.UntilAsync(() => first.Computed >= 10);
        await using var second = await Worker.StartAsync(tool, azurite.ConnectionString, "--lease", "4");
        await second.UntilAsync(() => second.Computed >= 5 || submitted.HasExited);
        submitted.HasExited.ShouldBeFalse("the worker must be killed in the middle of the run for this test to mean anything");
        first.Kill();
        await submitted.WaitForExitAsync().WaitAsync(Tool.Patience);
        submitted.ExitCode.ShouldBe(0, await error + second.Log);

        var document = JsonDocument.Parse(await output).RootElement;
        document.GetProperty("state").GetString().ShouldBe("finished");
        document.GetProperty("evaluations").GetProperty("reused").GetInt32().ShouldBe(0);
        // A result that the killed worker wrote, but did not live to report, is in the store and in no worker's count.
        var stored = 0;
        await foreach (var blob in new BlobContainerClient(azurite.ConnectionString, "runs").GetBlobsAsync(BlobTraits.None, BlobStates.None, "_cells/", default))
        {
            stored += blob.Name.EndsWith("/result.json", StringComparison.Ordinal) ? 1 : 0;
        }

        (first.Computed + second.Computed).ShouldBeLessThanOrEqualTo(stored);
        stored.ShouldBeGreaterThan(30);
        var folder = document.GetProperty("folder").GetString()!;
        var (here, there) = (Path.Combine(tool.Folder, "local"), new AzuriteFixture());
        await there.InitializeAsync();
        try
        {
            var (code, _, message) = await tool.RunAsync("run", spec, "--store", there.ConnectionString, "--out", here);
            code.ShouldBe(0, message);
        }
        finally
        {
            await there.DisposeAsync();
        }

        foreach (var file in new[] { "leaderboard.json", "leaderboard.csv", "pareto.csv", "best/schedule.json" })
        {
            (await File.ReadAllTextAsync(Path.Combine(folder, file))).ShouldBe(await File.ReadAllTextAsync(Path.Combine(here, file)), file);
        }
    }

    [Fact]
    public async Task A_worker_that_leaves_hands_its_work_back_and_a_run_without_a_worker_says_what_it_waits_for()
    {
        using var tool = new Tool();
        var spec = tool.Write("leave.json", Specification.Replace("\"seed\": 5", "\"seed\": 6", StringComparison.Ordinal).Replace(", \"random-search\"", string.Empty, StringComparison.Ordinal));
        await using var leaves = await Worker.StartAsync(tool, azurite.ConnectionString, "--lease", "4");
        using var submitted = tool.Start("run", spec, "--on", azurite.ConnectionString);
        var heard = new ConcurrentQueue<string?>();
        submitted.ErrorDataReceived += (_, line) => heard.Enqueue(line.Data);
        submitted.BeginErrorReadLine();
        await leaves.UntilAsync(() => leaves.Computed >= 10);
        await leaves.LeaveAsync();
        leaves.Log.ShouldContain("what it was computing goes to others");
        // Another kind of worker: it has no such model, refuses by name, and does not make the run fail.
        var glyphs = Directory.CreateDirectory(Path.Combine(tool.Folder, "other", "glyphs")).FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(RepoPaths.Samples, "glyphs")))
        {
            File.CreateSymbolicLink(Path.Combine(glyphs, Path.GetFileName(file)), file);
        }

        await using var other = await Worker.StartAsync(tool, azurite.ConnectionString, "--lease", "4", "--models", Path.GetDirectoryName(glyphs)!);
        await other.UntilAsync(() => other.Log.Contains("is left to others: this worker does not have the model 'digits'", StringComparison.Ordinal));
        // The two lines are written by one watcher, which may have looked before the other worker came.
        await other.UntilAsync(() => string.Concat(heard).Contains("waits for a worker", StringComparison.Ordinal));
        await other.UntilAsync(() => string.Concat(heard).Contains("cannot work on the run: it does not have the model 'digits'", StringComparison.Ordinal));
        await using var able = await Worker.StartAsync(tool, azurite.ConnectionString, "--lease", "4");
        await submitted.WaitForExitAsync().WaitAsync(Tool.Patience);
        submitted.ExitCode.ShouldBe(0, string.Join('\n', heard) + able.Log);
        other.Computed.ShouldBe(0);
    }

    [Theory]
    [InlineData("key", "refuses the key")]
    [InlineData("queue", "The queue service at http://127.0.0.1:9/devstoreaccount1 does not answer; workers need the blob, the queue and the table service")]
    [InlineData("nonsense", "neither a connection string with a key nor a blob service address")]
    public async Task An_account_that_cannot_be_used_is_refused_by_name_and_no_secret_is_printed(string what, string message)
    {
        const string wrong = "d3JvbmcgYW5kIHNlY3JldA==";
        var connection = what switch
        {
            "key" => Regex.Replace(azurite.ConnectionString, "AccountKey=[^;]*", $"AccountKey={wrong}"),
            "queue" => Regex.Replace(azurite.ConnectionString, "QueueEndpoint=[^;]*", "QueueEndpoint=http://127.0.0.1:9/devstoreaccount1"),
            _ => $"AccountKey={wrong}",
        };
        using var tool = new Tool();
        var spec = tool.Write("search.json", Specification);
        string[][] commands = [["worker", "--store", connection], ["run", spec, "--on", connection]];
        foreach (var command in commands)
        {
            var (code, output, error) = await tool.RunAsync(command);
            code.ShouldBe(2, error);
            error.ShouldContain(message);
            (output + error).ShouldNotContain(wrong);
            (output + error).ShouldNotContain("Eby8vdM0");
        }
    }

    private static string Specification => $$"""
        { "name": "workers", "model": "{{Path.Combine(RepoPaths.Samples, "digits")}}", "seed": 5, "budget": { "networkCalls": 3 },
          "search": { "population": 6, "generations": 2, "elites": 2, "mutants": 3, "crossovers": 2, "rungs": [16, 64] },
          "validation": { "samples": 48, "elites": 1 }, "final": { "samples": 96, "images": 2 },
          "reference": { "steps": 10, "samples": 32 }, "baselines": ["trailing", "random-search"],
          "execution": { "unitEvaluations": 100 } }
        """;

    private sealed partial class Worker : IAsyncDisposable
    {
        private readonly Process process;
        private readonly StringBuilder log = new();

        private Worker(Process process) => this.process = process;

        public string Log
        {
            get
            {
                lock (log)
                {
                    return log.ToString();
                }
            }
        }

        /// <summary>Results that it says it has computed.</summary>
        public int Computed => Results().Matches(Log).Sum(m => int.Parse(m.Groups[1].Value));

        public static async Task<Worker> StartAsync(Tool tool, string connection, params string[] options)
        {
            string[] models = options.Contains("--models") ? [] : ["--models", RepoPaths.Samples];
            var worker = new Worker(tool.Start(["worker", "--store", connection, "--parallel", "1", .. models, .. options]));
            worker.process.ErrorDataReceived += (_, line) => worker.Note(line.Data);
            worker.process.OutputDataReceived += (_, line) => worker.Note(line.Data);
            worker.process.BeginErrorReadLine();
            worker.process.BeginOutputReadLine();
            await worker.UntilAsync(() => worker.Log.Contains("has joined", StringComparison.Ordinal));
            return worker;
        }

        public void Kill() => process.Kill();

        public async Task LeaveAsync()
        {
            using var signal = Process.Start("kill", ["-INT", process.Id.ToString()]);
            await process.WaitForExitAsync().WaitAsync(Tool.Patience);
        }

        public async Task UntilAsync(Func<bool> condition)
        {
            for (var clock = Stopwatch.StartNew(); !condition(); await Task.Delay(50))
            {
                clock.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(2), Log);
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (!process.HasExited)
            {
                process.Kill();
                await process.WaitForExitAsync();
            }

            process.Dispose();
        }

        private void Note(string? line)
        {
            lock (log)
            {
                log.AppendLine(line);
            }
        }

        [GeneratedRegex(@"(\d+) results computed")]
        private static partial Regex Results();
    }
}
