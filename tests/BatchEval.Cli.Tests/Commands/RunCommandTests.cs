using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests.Commands;

public sealed class RunCommandTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IDisposable
{
    private static readonly string[] Promised = ["id", "name", "candidate", "networkCalls", "objective", "metrics"];
    private readonly TestShell shell = new TestShell().With("BATCHEVAL_STORE", azurite.ConnectionString);

    [Fact]
    public async Task A_run_ends_with_a_document_a_report_and_a_schedule()
    {
        shell.Write("spec.json", SmallRun.Specification("full"));

        var result = (await shell.RunAsync("run", "spec.json", "--json")).ShouldSucceed();

        var run = result.Json["run"]!.GetValue<string>();
        run.ShouldStartWith("full-");
        result.Json["state"]!.GetValue<string>().ShouldBe("finished");
        result.Json["seed"]!.GetValue<int>().ShouldBe(4);
        result.Json["evaluations"]!["computed"]!.GetValue<int>().ShouldBePositive();
        result.Json["baselines"]!.AsArray().Count.ShouldBe(2);
        foreach (var score in result.Json["baselines"]!.AsArray().Append(result.Json["best"]))
        {
            Promised.ShouldAllBe(member => score!.AsObject().ContainsKey(member));
            score!["metrics"]!["fid"]!["samples"]!.GetValue<int>().ShouldBe(20);
        }

        File.Exists(shell.PathOf($"runs/{run}/report.html")).ShouldBeTrue();
        File.Exists(shell.PathOf($"runs/{run}/best/schedule.json")).ShouldBeTrue();
        result.Json["report"]!.GetValue<string>().ShouldBe(shell.PathOf($"runs/{run}/report.html"));
        result.Error.ShouldContain("Starting run");
        result.Error.ShouldNotContain("\x1b");
    }

    [Fact]
    public async Task A_finished_run_is_shown_and_not_computed_again()
    {
        shell.Write("spec.json", SmallRun.Specification("twice"));
        var first = (await shell.RunAsync("run", "spec.json", "--json", "--out", "first")).ShouldSucceed();
        var second = (await shell.RunAsync("run", "spec.json", "--json", "--out", "second")).ShouldSucceed();

        second.Error.ShouldContain("nothing is computed again");
        second.Json["evaluations"]!.ToJsonString().ShouldBe(first.Json["evaluations"]!.ToJsonString());
        second.Json["updated"]!.ToJsonString().ShouldBe(first.Json["updated"]!.ToJsonString());
        File.ReadAllBytes(shell.PathOf("second/leaderboard.json")).ShouldBe(File.ReadAllBytes(shell.PathOf("first/leaderboard.json")));
    }

    [Fact]
    public async Task An_interrupted_run_says_so_and_is_resumed_by_the_same_command()
    {
        // Long enough for a line of progress in the midst of the search, also on a fast machine.
        shell.Write("spec.json", SmallRun.Specification("torn", """, "execution": { "unitEvaluations": 40, "cellSamples": 10 }""").Replace("\"generations\": 1", "\"generations\": 40", StringComparison.Ordinal));
        using var interrupt = new CancellationTokenSource();
        shell.OnMessage = line =>
        {
            if (line.Contains("search", StringComparison.Ordinal) && line.Contains('%', StringComparison.Ordinal))
            {
                interrupt.Cancel();
            }
        };

        var torn = await shell.RunAsync(["run", "spec.json"], interrupt.Token);
        var id = (await shell.RunAsync("runs", "--json")).ShouldSucceed().Json["runs"]!.AsArray().Single(r => r!["run"]!.GetValue<string>().StartsWith("torn-", StringComparison.Ordinal))!;
        var resumed = (await shell.RunAsync("run", "spec.json", "--json")).ShouldSucceed();

        torn.Code.ShouldBe(ExitCodes.Interrupted, torn.Error);
        torn.Error.ShouldContain("the same command resumes it");
        id["state"]!.GetValue<string>().ShouldBe("paused");
        resumed.Error.ShouldContain("Resuming run torn-");
        resumed.Json["state"]!.GetValue<string>().ShouldBe("finished");
    }

    [Fact]
    public async Task Assignments_change_the_specification()
    {
        shell.Write("spec.json", SmallRun.Specification("set"));

        var result = (await shell.RunAsync("run", "spec.json", "--json", "--set", "seed=12", "--set", "baselines=[\"linspace\"]", "--set", "name=other")).ShouldSucceed();

        result.Json["seed"]!.GetValue<int>().ShouldBe(12);
        result.Json["run"]!.GetValue<string>().ShouldStartWith("other-");
        result.Json["baselines"]!.AsArray().ShouldHaveSingleItem()!["name"]!.GetValue<string>().ShouldBe("linspace");
    }

    [Fact]
    public async Task A_model_is_found_beside_the_specification()
    {
        Directory.CreateSymbolicLink(shell.PathOf("there"), TestShell.Digits);
        shell.Write("deep/spec.json", SmallRun.Specification("beside"));
        Directory.CreateSymbolicLink(shell.PathOf("deep/model"), TestShell.Digits);

        (await shell.RunAsync("run", "deep/spec.json", "--set", "model=model")).ShouldSucceed();
        (await shell.RunAsync("run", "deep/spec.json", "--set", "model=there")).ShouldSucceed();
    }

    [Fact]
    public async Task Evaluate_measures_one_candidate()
    {
        shell.Write("schedule.json", """{ "candidate": { "solver": "ddim", "steps": [{ "t": 640 }, { "t": 320 }] }, "networkCalls": 2 }""");

        var result = (await shell.RunAsync("evaluate", "--model", TestShell.Digits, "--candidate", "schedule.json", "--count", "20", "--json")).ShouldSucceed();

        var best = result.Json["best"]!;
        best["networkCalls"]!.GetValue<int>().ShouldBe(2);
        best["metrics"]!["fid"]!["samples"]!.GetValue<int>().ShouldBe(20);
        new[] { "fid", "psnr", "lpips" }.ShouldAllBe(key => best["metrics"]![key]!["value"]!.GetValue<double>() > 0);
        result.Json["baselines"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task Show_finds_runs_by_name_by_beginning_and_the_latest()
    {
        shell.Write("spec.json", SmallRun.Specification("shown"));
        var run = (await shell.RunAsync("run", "spec.json", "--json")).ShouldSucceed().Json["run"]!.GetValue<string>();

        (await shell.RunAsync("show", "latest", "--json")).ShouldSucceed().Json["run"]!.GetValue<string>().ShouldBe(run);
        (await shell.RunAsync("show", "shown-", "--json")).ShouldSucceed().Json["run"]!.GetValue<string>().ShouldBe(run);
        var people = (await shell.RunAsync("show", run, "--out", "copy")).ShouldSucceed();
        people.Out.ShouldContain("searched");
        people.Out.ShouldContain("held-out FID");
        File.Exists(shell.PathOf("copy/report.html")).ShouldBeTrue();
        (await shell.RunAsync("show", "nobody")).ShouldBeRefused("no run 'nobody'", run);
    }

    public void Dispose() => shell.Dispose();
}
