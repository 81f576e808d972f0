using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Tests.Runtime;

public class OrtRuntimeTests
{
    [Fact]
    public void Native_runtime_is_the_pinned_version() =>
        OrtEnv.Instance().GetVersionString().ShouldStartWith("1.31");

    [Fact]
    public void Cpu_provider_is_available() =>
        OrtEnv.Instance().GetAvailableProviders().ShouldContain("CPUExecutionProvider");
}
