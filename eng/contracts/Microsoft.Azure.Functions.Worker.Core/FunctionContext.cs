namespace Microsoft.Azure.Functions.Worker;

public abstract class FunctionContext
{
    public abstract string InvocationId { get; }

    public abstract string FunctionId { get; }

    public abstract TraceContext TraceContext { get; }

    public abstract BindingContext BindingContext { get; }

    public abstract RetryContext RetryContext { get; }

    public abstract IServiceProvider InstanceServices { get; set; }

    public abstract FunctionDefinition FunctionDefinition { get; }

    public abstract IDictionary<object, object> Items { get; set; }

    public abstract IInvocationFeatures Features { get; }

    public virtual CancellationToken CancellationToken { get; } = CancellationToken.None;
}

public abstract class TraceContext;

public abstract class BindingContext;

public abstract class RetryContext;

public abstract class FunctionDefinition;

public interface IInvocationFeatures : IEnumerable<KeyValuePair<Type, object>>;

public delegate Task FunctionExecutionDelegate(FunctionContext context);

public interface IFunctionsWorkerApplicationBuilder
{
    IFunctionsWorkerApplicationBuilder Use(Func<FunctionExecutionDelegate, FunctionExecutionDelegate> middleware);
}
