using BatchEval.Onnx.Packages;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Packages;

public class DiffusersFolderTests
{
    // pipelines.md 2.4: CLIP's 77 rows; SD3 has T5's 256 behind them; Flux T5's alone, here as many as its text positions.
    [Theory]
    [InlineData("sd15", 77)]
    [InlineData("sdxl", 77)]
    [InlineData("sd3", 77 + 256)]
    [InlineData("flux", 6)]
    public void Rows_of_encoded_prompts_are_counted_as_the_pipeline_makes_them(string name, int tokens) =>
        ModelPackage.Open(Path.Combine(RepoPaths.Root, "tests", "Golden", "pipelines", name)).Manifest.Denoiser.ContextShape.ShouldNotBeNull().Tokens.ShouldBe(tokens);
}
