using BatchEval.Onnx.Runtime;

namespace BatchEval.Onnx.Tests.Runtime;

/// <summary>Features, distances and what schedules are computed from did not halve their batches when memory ran out.</summary>
public class NetworkCallTests
{
    [Fact]
    public void When_memory_runs_out_the_batch_is_halved_and_stays_so()
    {
        var calls = new List<(int Start, int Count)>();
        NetworkCall.InBatches(9, 8, (start, count) =>
        {
            calls.Add((start, count));
            if (count > 2)
            {
                throw new NetworkFailedException("features.onnx failed on a batch of 8: CUDA failure 2: out of memory");
            }
        });
        calls.ShouldBe([(0, 8), (0, 4), (0, 2), (2, 2), (4, 2), (6, 2), (8, 1)]);
    }

    [Fact]
    public void A_batch_of_one_that_does_not_fit_and_any_other_failure_are_passed_on()
    {
        var calls = 0;
        Should.Throw<OutOfMemoryException>(() => NetworkCall.InBatches(4, 2, (_, _) => throw new OutOfMemoryException($"{++calls}"))).Message.ShouldBe("2");
        Should.Throw<NetworkFailedException>(() => NetworkCall.InBatches(4, 2, (_, _) => throw new NetworkFailedException($"{++calls} indices out of bounds"))).Message.ShouldStartWith("3");
    }
}
