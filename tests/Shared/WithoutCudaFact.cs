namespace BatchEval.Tests.Shared;

/// <summary>A test of what happens on a machine without an NVIDIA device; skipped where there is one.</summary>
internal sealed class WithoutCudaFactAttribute : FactAttribute
{
    private const string Device = "/dev/nvidiactl";

    public WithoutCudaFactAttribute()
    {
        if (File.Exists(Device))
        {
            Skip = $"{Device} is there: this machine has an NVIDIA device.";
        }
    }
}
