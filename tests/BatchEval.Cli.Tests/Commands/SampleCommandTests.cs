using BatchEval.Core.Randomness;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Cli.Tests.Commands;

public sealed class SampleCommandTests : IDisposable
{
    private const int Size = 256;
    private readonly TestShell shell = new();

    [Fact]
    public async Task The_same_seed_gives_the_same_bytes_and_another_seed_does_not()
    {
        await SampleAsync("a.npy", "--seed", "7", "--count", "2");
        await SampleAsync("b.npy", "--seed", "7", "--count", "2");
        await SampleAsync("c.npy", "--seed", "8", "--count", "2");

        Bytes("a.npy").ShouldBe(Bytes("b.npy"));
        Bytes("a.npy").ShouldNotBe(Bytes("c.npy"));
        NpyFormat.ReadFile(shell.PathOf("a.npy")).Shape.ShouldBe([2, 1, 16, 16]);
    }

    [Theory]
    [InlineData("ddim")]
    [InlineData("euler-ancestral")]
    public async Task Three_samples_together_equal_three_samples_one_by_one(string solver)
    {
        await SampleAsync("all.npy", "--solver", solver, "--seed", "3", "--count", "3", "--label", "random");
        for (var i = 0; i < 3; i++)
        {
            await SampleAsync($"{i}.npy", "--solver", solver, "--seed", "3", "--first", $"{i}", "--label", "random");
        }

        Floats("all.npy").ShouldBe([.. Floats("0.npy"), .. Floats("1.npy"), .. Floats("2.npy")]);
    }

    [Fact]
    public async Task The_loop_on_the_device_gives_the_same_images_but_for_the_last_bits()
    {
        string[] guided = ["--seed", "3", "--count", "3", "--label", "random", "--guidance", "2.5"];
        await SampleAsync("host.npy", guided);
        await SampleAsync("device.npy", [.. guided, "--loop", "device"]);
        var difference = Floats("host.npy").Zip(Floats("device.npy"), (a, b) => Math.Abs(a - b)).ToList();
        difference.Count.ShouldBe(3 * Size);
        difference.Max().ShouldBeInRange(1e-9f, 1e-4f, "two loops, one image");

        var candidate = """{"solver":"ddim","steps":[{"t":900},{"t":700},{"t":500},{"t":300}],"skip":{"threshold":0.1}}""";
        (await shell.RunAsync("sample", "--model", TestShell.Digits, "--candidate", candidate, "--out", "skip.npy", "--loop", "device")).ShouldSucceed()
            .Error.ShouldContain("note: The candidate has a skip policy, so it is sampled by the loop 'host'.");
        (await shell.RunAsync("sample", "--model", TestShell.Digits, "--steps", "2", "--out", "x.npy", "--loop", "gpu")).ShouldBeRefused("gpu", "host", "device");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_states_from_a_file_replace_the_noise(bool doubles)
    {
        var noise = new float[2 * Size];
        new NoiseBank(5).Fill(0, NoiseBank.StartDraw, noise.AsSpan(0, Size));
        new NoiseBank(5).Fill(1, NoiseBank.StartDraw, noise.AsSpan(Size));
        NpyFormat.WriteFile(shell.PathOf("x.npy"), doubles
            ? NpyArray.From(Array.ConvertAll(noise, v => (double)v), 2, 1, 16, 16)
            : NpyArray.From(noise, 2, 1, 16, 16));

        await SampleAsync("seed.npy", "--seed", "5", "--count", "2");
        await SampleAsync("file.npy", "--seed", "99", "--start", "x.npy");

        Bytes("file.npy").ShouldBe(Bytes("seed.npy"));
    }

    [Fact]
    public async Task Noise_of_start_and_steps_from_a_file_replaces_the_seeds()
    {
        var noise = new float[3 * 2 * Size];
        for (var n = 0; n < 6; n++)
        {
            new NoiseBank(5).Fill(n % 2, n / 2, noise.AsSpan(n * Size, Size));
        }

        NpyFormat.WriteFile(shell.PathOf("z.npy"), NpyArray.From(noise, 3, 2, 1, 16, 16));
        NpyFormat.WriteFile(shell.PathOf("short.npy"), NpyArray.From(noise[..(4 * Size)], 2, 2, 1, 16, 16));
        string[] solver = ["--solver", "euler-ancestral", "--steps", "900,500,100"];

        await SampleAsync("seed.npy", [.. solver, "--seed", "5", "--count", "2"]);
        await SampleAsync("file.npy", [.. solver, "--seed", "99", "--noise", "z.npy"]);
        await SampleAsync("second.npy", [.. solver, "--seed", "99", "--noise", "z.npy", "--first", "1"]);

        Bytes("file.npy").ShouldBe(Bytes("seed.npy"));
        Floats("second.npy").ShouldBe(Floats("file.npy")[Size..]);
        (await shell.RunAsync(["sample", "--model", TestShell.Digits, .. solver, "--out", "o.npy", "--noise", "short.npy"], default)).ShouldBeRefused("holds 2 draws of each sample; euler-ancestral with 3 steps needs 3");
        (await shell.RunAsync([.. Line("o.npy"), "--noise", "torch"], default)).ShouldBeRefused("'torch' is none of keyed, torch-cpu, torch-cpu-batch, numpy");
    }

    [Fact]
    public async Task A_list_of_times_equals_the_spacing_that_gives_it()
    {
        await SampleAsync("n.npy", "--steps", "4", "--spacing", "trailing");
        await SampleAsync("list.npy", "--steps", "999,749,499,249");
        await SampleAsync("trimmed.npy", "--steps", "4", "--spacing", "trailing", "--start-time", "699");
        await SampleAsync("trimmed-list.npy", "--steps", "699,524,349,174");

        Bytes("list.npy").ShouldBe(Bytes("n.npy"));
        Bytes("trimmed-list.npy").ShouldBe(Bytes("trimmed.npy"));
    }

    [Fact]
    public async Task Images_and_a_contact_sheet_are_written_and_listed()
    {
        var result = await shell.RunAsync([.. Line("images"), "--count", "3", "--grid", "sheets/grid.png", "--json"], CancellationToken.None);

        result.ShouldSucceed();
        result.Json["files"]!.AsArray().Count.ShouldBe(3);
        result.Json["samples"]![2]!["networkCalls"]!.GetValue<int>().ShouldBe(3);
        string[] files = [.. Directory.GetFiles(shell.PathOf("images")), shell.PathOf("sheets/grid.png")];
        files.Length.ShouldBe(4);
        files.ShouldAllBe(f => File.ReadAllBytes(f).Take(4).SequenceEqual(new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G' }));
    }

    [Fact]
    public async Task Start_states_of_another_shape_are_refused_by_shape()
    {
        NpyFormat.WriteFile(shell.PathOf("x.npy"), NpyArray.From(new float[2 * 64], 2, 1, 8, 8));
        (await shell.RunAsync([.. Line("o.npy"), "--start", "x.npy"], default)).ShouldBeRefused("[2, 1, 8, 8]", "[N, 1, 16, 16]");
    }

    [Fact]
    public async Task Start_states_of_another_type_are_refused_by_type()
    {
        NpyFormat.WriteFile(shell.PathOf("x.npy"), NpyArray.From(new int[Size], 1, 1, 16, 16));
        (await shell.RunAsync([.. Line("o.npy"), "--start", "x.npy"], default)).ShouldBeRefused("Int32", "float32");
    }

    [Fact]
    public async Task A_start_that_is_not_finite_is_the_files_fault_and_says_where()
    {
        var states = new float[Size];
        states[17] = float.NaN;
        NpyFormat.WriteFile(shell.PathOf("x.npy"), NpyArray.From(states, 1, 1, 16, 16));

        var result = await shell.RunAsync([.. Line("o.npy"), "--start", "x.npy"], default);

        result.Code.ShouldBe(ExitCodes.BadInput);
        result.Error.ShouldContain("holds NaN in state 0, element 17");
    }

    [Fact]
    public async Task A_state_that_is_not_finite_fails_the_command_and_names_the_step()
    {
        var states = new float[Size];
        Array.Fill(states, float.MaxValue);
        NpyFormat.WriteFile(shell.PathOf("x.npy"), NpyArray.From(states, 1, 1, 16, 16));

        var result = await shell.RunAsync([.. Line("o.npy"), "--start", "x.npy"], default);

        result.Code.ShouldBe(ExitCodes.Failed);
        result.Error.ShouldContain("not finite at step 0");
        File.Exists(shell.PathOf("o.npy")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("--steps", "2000", "at most 1000")]
    [InlineData("--steps", "1200,3", "[0, 999]")]
    [InlineData("--steps", "9,x", "'x' is not a time")]
    [InlineData("--steps", "9,9", "distinct")]
    [InlineData("--steps", "0", "at least 1")]
    [InlineData("--solver", "magic", "Unknown solver 'magic'")]
    [InlineData("--solver", "ddim(eta=2)", "eta")]
    [InlineData("--spacing", "odd", "Unknown placement rule 'odd'")]
    [InlineData("--start-time", "1000", "[0, 999]")]
    [InlineData("--label", "10", "0 to 9")]
    [InlineData("--start", "none.npy", "none.npy")]
    [InlineData("--model", "nowhere", "not a model package")]
    public async Task Input_that_cannot_be_used_is_refused(string option, string value, string words)
    {
        List<string> line = [.. Line("o.npy")];
        var at = line.IndexOf(option);
        if (at >= 0)
        {
            line.RemoveRange(at, 2);
        }

        (await shell.RunAsync([.. line, option, value], default)).ShouldBeRefused(words);
        File.Exists(shell.PathOf("o.npy")).ShouldBeFalse();
    }

    [Fact]
    public async Task More_samples_than_start_states_are_refused()
    {
        NpyFormat.WriteFile(shell.PathOf("x.npy"), NpyArray.From(new float[Size], 1, 1, 16, 16));
        (await shell.RunAsync([.. Line("o.npy"), "--start", "x.npy", "--count", "2"], default)).ShouldBeRefused("1 states");
    }

    [Fact]
    public async Task Nowhere_to_write_to_is_refused() =>
        (await shell.RunAsync("sample", "--model", TestShell.Digits, "--solver", "ddim", "--steps", "3")).ShouldBeRefused("--out");

    public void Dispose() => shell.Dispose();

    private static string[] Line(string output) =>
        ["sample", "--model", TestShell.Digits, "--solver", "ddim", "--steps", "3", "--out", output];

    private async Task SampleAsync(string output, params string[] more)
    {
        List<string> line = [.. Line(output)];
        foreach (var option in more.Where(o => o is "--solver" or "--steps"))
        {
            line.RemoveRange(line.IndexOf(option), 2);
        }

        (await shell.RunAsync([.. line, .. more], default)).ShouldSucceed();
    }

    private byte[] Bytes(string name) => File.ReadAllBytes(shell.PathOf(name));

    private float[] Floats(string name) => NpyFormat.ReadFile(shell.PathOf(name)).ToFloat32();
}
