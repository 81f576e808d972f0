using BatchEval.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Tests.Runtime;

public class OrtRuntimeTests
{
    [Fact]
    public void Native_runtime_is_the_pinned_version() =>
        OrtEnv.Instance().GetVersionString().ShouldStartWith("1.29");

    [Fact]
    public void Cpu_provider_is_available() =>
        OrtEnv.Instance().GetAvailableProviders().ShouldContain("CPUExecutionProvider");

    [Fact]
    public void Extensions_library_registers_its_operators()
    {
        using var options = new SessionOptions();
        Should.NotThrow(() => options.RegisterCustomOpLibrary(OrtExtensionsLibrary.Path));
    }
}
