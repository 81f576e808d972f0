using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Tests.Sampling;

/// <summary>What rows may carry besides a solver's own numbers, worked out by hand on a network that returns its time.</summary>
public sealed class RowExecutorTests
{
    private static readonly NoiseLevel Level = new(10, 0.6, 0.8);

    [Fact]
    public void The_network_is_told_the_rows_time_and_its_output_is_scaled_before_the_data_prediction()
    {
        var row = new SolverRow(0, Level, new LinearCombination { State = 0.5, Data = [2] }) { NetworkTime = 7, OutputScale = 3 };
        var table = new CoefficientTable([row], 1) { StartScale = 1.5 };

        // x = 1.5 * 2 = 3, eps = 3 * 7, D = (3 - 0.8 * 21) / 0.6 = -23, x' = 0.5 * 3 + 2 * -23
        RowExecutor.Run(table, PredictionType.Epsilon, (_, level) => [level.Time], [2.0])[0].ShouldBe(-44.5, 1e-12);
        RowExecutor.Run(table, PredictionType.Epsilon, (_, level) => [(float)level.Time], [2f])[0].ShouldBe(-44.5f, 1e-4f);
    }

    [Fact]
    public void A_row_can_remember_the_noise_in_place_of_the_data()
    {
        SolverRow[] rows =
        [
            new(0, Level, LinearCombination.Keep) { Remembered = SolverRow.NoisePrediction(Level) },
            new(1, Level with { Time = 4 }, new LinearCombination { Data = [1, 10] }) { Remembered = SolverRow.NoisePrediction(Level) },
        ];

        // the network returns eps = t, so the history is 4, 10
        RowExecutor.Run(new CoefficientTable(rows, 2), PredictionType.Epsilon, (_, level) => [level.Time], [2.0])[0].ShouldBe(104, 1e-10);
    }

    [Fact]
    public void Noise_that_is_not_given_is_asked_for() =>
        Should.Throw<ArgumentNullException>(() => RowExecutor.Run(
            new CoefficientTable([new SolverRow(0, Level, new LinearCombination { Noise = 1 })], 1), PredictionType.Sample, (x, _) => x, [1.0]));

    // numpy: s = quantile(|d|, 0.8) = 3.2 of the five magnitudes 1 2 3 4 0.5 sorted, then clip(d, -s, s) / s
    [Fact]
    public void Thresholding_clamps_to_a_quantile_and_divides_by_it()
    {
        double[] data = [1, -2, 3, -4, 0.5];
        new DataLimit(-10, 10, 0.8).Apply<double>(data);
        data.ShouldBe([1 / 3.2, -2 / 3.2, 3 / 3.2, -1, 0.5 / 3.2], 1e-12);
        double[] mirrored = [-1, 2, -3, 4, -0.5];
        new DataLimit(-10, 10, 0.8).Apply<double>(mirrored);
        mirrored.ShouldBe([-1 / 3.2, 2 / 3.2, -3 / 3.2, 1, -0.5 / 3.2], 1e-12);
        float[] small = [0.1f, -0.2f, 0.9f];
        new DataLimit(-1.5, 1.5, 0.995).Apply<float>(small);
        small.ShouldBe([0.1f, -0.2f, 0.9f]);
        double[] clamped = [2, -3];
        new DataLimit(-1, 1).Apply<double>(clamped);
        clamped.ShouldBe([1, -1]);
        var row = new SolverRow(0, Level, new LinearCombination { Data = [1] });
        var executor = new RowExecutor<double>(new CoefficientTable([row], 1), PredictionType.Sample, [0.0, 0], new DataLimit(-10, 10, 1));
        executor.Advance(0, [4, -2]);
        executor.State.ShouldBe([1, -0.5], 1e-12);
    }
}
