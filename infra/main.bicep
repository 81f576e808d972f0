// Everything that a BatchEval environment needs, in one resource group. Compiled in the tests (InfraTests), not deployed from the machine
// that it was written on: see docs/azure.md, "Not verified".
targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('Name of the environment; part of every name.')
param environmentName string

@description('Region. Serverless GPUs exist in these; check with: az containerapp env workload-profile list-supported --location <region>')
@allowed([
  'westus3'
  'australiaeast'
  'swedencentral'
  'westus'
  'westeurope'
])
@metadata({ azd: { type: 'location' } })
param location string

@description('Object id of the person who deploys: may read results, and look at the task hub.')
param principalId string = deployer().objectId

@description('GPU of the worker.')
@allowed([
  'Consumption-GPU-NC8as-T4'
  'Consumption-GPU-NC24-A100'
])
param gpuProfile string = 'Consumption-GPU-NC8as-T4'

@description('Most GPUs at once; not more than the quota of the subscription.')
@minValue(1)
@maxValue(16)
param maxGpus int = 1

@description('Where the Durable engine keeps its work. storage: queues and tables of the storage account. scheduler: a Durable Task Scheduler; needs an image built for it.')
@allowed([
  'storage'
  'scheduler'
])
param durableBackend string = 'storage'

@description('Price of one GPU hour and its currency, shown as the cost of a run. Empty: no cost is shown.')
param pricePerHour string = ''

@description('Monthly budget of the resource group, in the currency of the subscription.')
@minValue(10)
param monthlyBudget int = 200

@description('Where the budget alert goes.')
param alertEmail string

@description('First day of the month in which the budget begins.')
param budgetStart string = utcNow('yyyy-MM-01')

@description('Whether the control app exists already; azd sets it, so that a new provisioning keeps the deployed image.')
param controlExists bool = false

@description('Whether the GPU app exists already.')
param gpuWorkerExists bool = false

var tags = { 'azd-env-name': environmentName, application: 'batcheval' }
var token = toLower(uniqueString(subscription().id, environmentName, location))
var taskHubName = 'batcheval'
var usesScheduler = durableBackend == 'scheduler'

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: { location: location, tags: tags, token: token }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: { location: location, tags: tags, token: token, appPrincipalId: identity.outputs.principalId }
}

module network 'modules/network.bicep' = {
  name: 'network'
  scope: group
  params: { location: location, tags: tags, token: token }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    appPrincipalId: identity.outputs.principalId
    userPrincipalId: principalId
    appsSubnetId: network.outputs.appsSubnetId
    workspaceId: monitoring.outputs.workspaceId
    taskHubName: taskHubName
  }
}

module registry 'modules/registry.bicep' = {
  name: 'registry'
  scope: group
  params: { location: location, tags: tags, token: token, appPrincipalId: identity.outputs.principalId, workspaceId: monitoring.outputs.workspaceId }
}

module scheduler 'modules/scheduler.bicep' = if (usesScheduler) {
  name: 'scheduler'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    taskHubName: taskHubName
    appPrincipalId: identity.outputs.principalId
    userPrincipalId: principalId
  }
}

module environment 'modules/environment.bicep' = {
  name: 'environment'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    gpuProfile: gpuProfile
    appsSubnetId: network.outputs.appsSubnetId
    workspaceName: monitoring.outputs.workspaceName
    modelsServer: storage.outputs.modelsServer
    modelsShare: storage.outputs.modelsShare
  }
}

module apps 'modules/apps.bicep' = {
  name: 'apps'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    environmentId: environment.outputs.environmentId
    modelsStorageName: environment.outputs.modelsStorageName
    identityId: identity.outputs.identityId
    clientId: identity.outputs.clientId
    registryServer: registry.outputs.server
    storageAccountName: storage.outputs.accountName
    blobEndpoint: storage.outputs.blobEndpoint
    taskHubQueues: storage.outputs.taskHubQueues
    schedulerEndpoint: usesScheduler ? scheduler!.outputs.endpoint : ''
    taskHubName: taskHubName
    insightsConnectionString: monitoring.outputs.insightsConnectionString
    gpuProfile: gpuProfile
    maxGpus: maxGpus
    pricePerHour: pricePerHour
    controlExists: controlExists
    gpuWorkerExists: gpuWorkerExists
  }
}

module budget 'modules/budget.bicep' = {
  name: 'budget'
  scope: group
  params: { token: token, amount: monthlyBudget, email: alertEmail, start: budgetStart }
}

output AZURE_LOCATION string = location
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.server
output BATCHEVAL_URL string = apps.outputs.controlUrl
output BATCHEVAL_STORE string = storage.outputs.blobEndpoint
output TASKHUB_NAME string = taskHubName
