export {
  type ContainerEngine,
  type EngineOptions,
  image,
  rootlessUser,
  startContainerEngine,
} from './engine.ts'
