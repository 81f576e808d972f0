using BatchEval.Core.Metrics;

namespace BatchEval.Core.Tests.Metrics;

public class PixelStatisticsTests
{
    // By hand: 0 and 255 in equal parts; 10, 20, 30, 40 have mean 25 and mean square 750.
    [Theory]
    [InlineData(new byte[] { 0, 255, 255, 0 }, 127.5, 127.5)]
    [InlineData(new byte[] { 10, 20, 30, 40 }, 25, 11.180339887498949)]
    [InlineData(new byte[] { 7, 7, 7 }, 7, 0)]
    public void Mean_and_deviation_are_those_of_all_values(byte[] image, double mean, double deviation)
    {
        PixelStatistics.Mean(image).ShouldBe(mean, 1e-12);
        PixelStatistics.Deviation(image).ShouldBe(deviation, 1e-12);
    }
}
