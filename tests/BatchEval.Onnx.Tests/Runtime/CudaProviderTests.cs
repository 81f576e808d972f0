using BatchEval.Core.Json;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Runtime;

public class CudaProviderTests
{
    [Theory]
    [InlineData("cpu", null)]
    [InlineData("cuda", 0)]
    [InlineData("cuda:3", 3)]
    public void A_device_has_its_number(string device, int? index) => new DeviceOptions(device).CudaIndex.ShouldBe(index);

    [WithoutCudaFact]
    public void Without_cuda_the_refusal_says_what_was_looked_for_and_where()
    {
        var problem = Should.Throw<ProblemException>(() => new DeviceOptions("cuda").CreateSessionOptions());
        problem.Message.ShouldStartWith("The CUDA provider could not be loaded for device 0: ");
        problem.Message.ShouldContain("libonnxruntime_providers_cuda.so in ");
        problem.Message.ShouldContain("libcublas.so.13");
        problem.Message.ShouldContain("libcudnn.so.9");
        problem.Message.ShouldContain("Allowed: --device cpu");
    }

    [Fact]
    public void Only_the_reason_is_kept_of_what_the_runtime_says() =>
        CudaProvider.Explain(1, "[ErrorCode:Fail] /src/bridge.cc:1 Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library a.so with error: b.so.13: not found.")
            .ShouldStartWith("The CUDA provider could not be loaded for device 1: Failed to load library a.so with error: b.so.13: not found. Looked for ");

    [Fact]
    public void Memory_in_use_is_read() => DeviceMemory.UsedBytes(new DeviceOptions()).ShouldNotBeNull().ShouldBePositive();

    [WithoutCudaFact]
    public void Memory_in_use_of_a_device_that_is_not_there_is_unknown() => DeviceMemory.UsedBytes(new DeviceOptions("cuda")).ShouldBeNull();
}
