"""The story of the loop, played through the real system: does it see that notes changed, and does it mend itself?"""
