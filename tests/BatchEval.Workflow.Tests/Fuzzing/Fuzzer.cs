using System.Diagnostics;
using System.Globalization;
using BatchEval.Core.Json;
using BatchEval.Tests.Shared;

namespace BatchEval.Workflow.Tests.Fuzzing;

/// <summary>
/// Gives a reader many damaged inputs. Each must be read or refused with words for people, within 5 seconds and 1 GB, and without ending the process. The
/// input at work lies in <c>artifacts/fuzz</c>, and stays there when something goes wrong. A long run:
/// <c>BATCHEVAL_FUZZ=100000 FILTER=FullyQualifiedName~Fuzzing ./test.sh Workflow.Tests</c>; BATCHEVAL_FUZZ_SEED gives other inputs, and BATCHEVAL_FUZZ_SECONDS
/// more time to each on a machine that has other work to do.
/// </summary>
internal static class Fuzzer
{
    private const long MemoryLimit = 1L << 30;
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(Number("BATCHEVAL_FUZZ_SECONDS", 5));

    /// <summary>Runs a reader.</summary>
    /// <param name="name">Name of the kind of input.</param>
    /// <param name="share">Part of the inputs asked for that this kind gets: 1, or less where one takes long.</param>
    /// <param name="make">Makes an input from a seeded generator.</param>
    /// <param name="read">Reads it.</param>
    public static void Run(string name, double share, Func<Random, byte[]> make, Action<byte[]> read)
    {
        var count = (int)Math.Ceiling(share * Number("BATCHEVAL_FUZZ", 600));
        var seed = Number("BATCHEVAL_FUZZ_SEED", 20261125);
        var folder = Directory.CreateDirectory(Path.Combine(RepoPaths.Root, "artifacts", "fuzz")).FullName;
        var file = Path.Combine(folder, name);
        var (accepted, slowest) = (0, TimeSpan.Zero);
        for (var i = 0; i < count; i++)
        {
            var input = make(new Random(HashCode(seed, i)));
            File.WriteAllBytes(file, input);
            var (began, allocated) = (Stopwatch.GetTimestamp(), GC.GetTotalAllocatedBytes());
            var work = Task.Run(() => Accepts(read, input));
            var ended = Ended(work, $"{name} {i} of seed {seed} ({file})");
            ended.ShouldBeTrue($"{name} {i} of seed {seed} takes more than {TimeLimit.TotalSeconds} s ({file})");
            accepted += work.Result ? 1 : 0;
            var elapsed = Stopwatch.GetElapsedTime(began);
            slowest = elapsed > slowest ? elapsed : slowest;
            (GC.GetTotalAllocatedBytes() - allocated).ShouldBeLessThan(MemoryLimit, $"{name} {i} of seed {seed} ({file})");
        }

        Environment.WorkingSet.ShouldBeLessThan(2 * MemoryLimit);
        File.Delete(file);
        Console.WriteLine($"{name}: {count} inputs, {accepted} accepted, slowest {slowest.TotalMilliseconds:0} ms");
    }

    private static bool Ended(Task work, string which)
    {
        try
        {
            return work.Wait(TimeLimit);
        }
        catch (AggregateException error)
        {
            throw new InvalidOperationException($"{which}: {error.InnerException!.GetType().Name}: {error.InnerException.Message}", error.InnerException);
        }
    }

    private static bool Accepts(Action<byte[]> read, byte[] input)
    {
        try
        {
            read(input);
            return true;
        }
        catch (Exception error) when (error is ProblemException or InvalidDataException)
        {
            error.Message.ShouldNotBeEmpty();
            error.Message.ShouldNotContain("   at ");
            return false;
        }
    }

    private static int HashCode(int seed, int i) => unchecked((seed * 31) + (i * 16777619));

    private static int Number(string variable, int missing) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : missing;
}
